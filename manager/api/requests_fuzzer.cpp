// Request bodies and targets of hostile clients: whatever is accepted keeps the ranges that vm/ relies on.

#include <cstdint>
#include <cstdlib>

#include "manager/api/create_request.hpp"
#include "manager/api/exchange.hpp"
#include "manager/api/exec_request.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hutch::api;
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    const CreateLimits limits{2, 128, 8192, 100'000};
    if (const auto create = parse_create_request(bytes, limits)) {
        const bool valid = create->cpu >= 1 && create->cpu <= 2 && create->memory_mib >= 128 &&
                           create->memory_mib <= 8192 && create->disk_mib >= 0 && create->disk_mib <= 100'000;
        if (!valid) std::abort();
    }
    if (const auto exec = parse_exec_request(bytes, 600'000)) {
        if (exec->command.empty() || exec->command.find('\0') != std::string::npos || exec->timeout_ms < 1 ||
            exec->timeout_ms > 600'000)
            std::abort();
    }
    Request request;
    parse_target(bytes, request);
    if (request.segments.empty()) std::abort();
    return 0;
}
