#pragma once

// What the API shows of its things, field by field as the contract has them.

#include <nlohmann/json.hpp>

#include "manager/store/records.hpp"
#include "manager/vm/vm_service.hpp"

namespace hutch::api {

[[nodiscard]] nlohmann::ordered_json render(const vm::VmView& view);
[[nodiscard]] nlohmann::ordered_json render(const vm::ExecResult& result);
[[nodiscard]] nlohmann::ordered_json render(const store::ImageRecord& image);

/// What a create call asked for and does not get in this version.
[[nodiscard]] nlohmann::ordered_json create_warnings(const vm::VmView& view);

}  // namespace hutch::api
