#include "manager/api/errors.hpp"
#include "manager/api/exec_request.hpp"
#include "manager/api/render.hpp"
#include "manager/api/routes.hpp"

namespace hutch::api {

namespace {

Response exec(vm::VmService& vms, std::int64_t max_timeout_ms, const Request& request) {
    const auto id = path_id<store::VmId>(request, "vm_not_found", "a VM");
    if (!id) return error_response(id.error());
    auto parsed = parse_exec_request(request.body, max_timeout_ms);
    if (!parsed) return error_response(parsed.error());
    parsed->when_caller_leaves = request.when_client_leaves;
    const auto result = vms.exec(*id, *parsed);
    return result ? json_response(200, render(*result)) : error_response(result.error());
}

}  // namespace

void add_exec_routes(Router& router, vm::VmService& vms, std::int64_t max_timeout_ms) {
    router.add(
        {"POST", "/v1/vms/{id}/exec", Access::key, Rate::exec, Length::lengthy,
         [&vms, max_timeout_ms](const Request& request) { return exec(vms, max_timeout_ms, request); }});
}

}  // namespace hutch::api
