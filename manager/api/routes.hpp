#pragma once

// What each resource adds to the table of routes. All references must outlive the router.

#include <string>

#include "manager/api/create_request.hpp"
#include "manager/api/router.hpp"
#include "manager/auth/auth.hpp"
#include "manager/images/images.hpp"
#include "manager/vm/vm_service.hpp"

namespace hutch::api {

/// /v1/vms and what changes or shows a VM (routes_vms.cpp).
void add_vm_routes(Router& router, vm::VmService& vms, const CreateLimits& limits);
/// Commands in a VM (routes_exec.cpp).
void add_exec_routes(Router& router, vm::VmService& vms, std::int64_t max_timeout_ms);
/// /v1/images (routes_images.cpp).
void add_image_routes(Router& router, images::Images& images);
/// /auth (routes_auth.cpp). `public_url` as in the configuration.
void add_auth_routes(Router& router, auth::Auth& auth, const std::string& public_url);
/// /healthz, /openapi.json and /docs (routes_service.cpp).
void add_service_routes(Router& router);
/// Every route of the contract that this version does not have: 501 (routes_unavailable.cpp).
void add_unavailable_routes(Router& router);

/// The "id" of the path as an id; 400 for "undefined" and "null", the mistakes of a caller's program, else
/// 404.
template <class Id>
[[nodiscard]] Result<Id> path_id(const Request& request, const char* code, const char* noun) {
    const std::string text = request.path_parameter("id");
    if (text == "undefined" || text == "null") {
        return fail(ErrorKind::invalid_argument, "invalid_id",
                    "id is " + text + ": the caller's variable had no value");
    }
    const auto id = Id::parse(text);
    if (!id) return fail(ErrorKind::not_found, code, std::string(noun) + " with this id does not exist");
    return *id;
}

}  // namespace hutch::api
