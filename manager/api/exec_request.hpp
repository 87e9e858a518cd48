#pragma once

#include <cstdint>
#include <string>

#include "common/result.hpp"
#include "manager/vm/vm_service.hpp"

namespace hutch::api {

/// The body of POST /v1/vms/{id}/exec. Shapes and sizes are checked here; where `cwd` may lead is the guest's
/// to say. Errors: 400 naming the field (a timeoutMs above `max_timeout_ms` too); 501 for a field that this
/// version cannot honour.
[[nodiscard]] Result<vm::ExecRequest> parse_exec_request(const std::string& body,
                                                         std::int64_t max_timeout_ms);

}  // namespace hutch::api
