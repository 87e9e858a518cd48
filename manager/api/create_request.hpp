#pragma once

#include <cstdint>
#include <string>

#include "common/result.hpp"
#include "manager/vm/vm_service.hpp"

namespace hutch::api {

/// What a create call may ask for on this host.
struct CreateLimits {
    int max_vcpus = 1;  ///< of the driver
    std::int64_t min_memory_mib = 128;
    std::int64_t max_memory_mib = 8192;
    std::int64_t max_disk_mib = 102'400;
};

/// The body of POST /v1/vms. Errors: 400 naming the field; 501 for a field of the contract that this version
/// cannot honour.
[[nodiscard]] Result<vm::CreateRequest> parse_create_request(const std::string& body,
                                                             const CreateLimits& limits);

}  // namespace hutch::api
