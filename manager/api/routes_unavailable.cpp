#include "manager/api/routes.hpp"

namespace hutch::api {

void add_unavailable_routes(Router& router) {
    static constexpr std::pair<const char*, const char*> routes[] = {
        {"POST", "/v1/vms/{id}/pause"},        {"POST", "/v1/vms/{id}/resume"},
        {"POST", "/v1/vms/{id}/exec/stream"},  {"GET", "/v1/vms/{id}/terminal"},
        {"POST", "/v1/vms/{id}/run-ts"},       {"POST", "/v1/vms/{id}/run-js"},
        {"POST", "/v1/vms/{id}/files/upload"}, {"GET", "/v1/vms/{id}/files/download"},
        {"GET", "/v1/vms/{id}/files"},         {"PUT", "/v1/vms/{id}/files"},
        {"DELETE", "/v1/vms/{id}/files"},      {"GET", "/v1/vms/{id}/files/list"},
        {"GET", "/v1/vms/{id}/logs"},          {"GET", "/v1/vms/{id}/exec-logs"},
        {"POST", "/v1/vms/{id}/peers/sync"},   {"PATCH", "/v1/vms/{id}/peers/{alias}"},
        {"POST", "/v1/vms/{id}/snapshots"},    {"GET", "/v1/snapshots"},
        {"DELETE", "/v1/snapshots/{id}"},      {"POST", "/v1/images"},
        {"POST", "/v1/images/import"},         {"DELETE", "/v1/images/{id}"},
        {"PUT", "/v1/images/{id}/kernel"},     {"PUT", "/v1/images/{id}/rootfs"},
        {"PUT", "/v1/images/{id}/bundle"},     {"POST", "/v1/images/{id}/set-default"},
        {"GET", "/v1/admin/overview"},         {"GET", "/v1/admin/activity"},
        {"GET", "/v1/admin/events"},           {"GET", "/v1/admin/api-keys"},
        {"POST", "/v1/admin/api-keys"},        {"POST", "/v1/admin/api-keys/{id}/revoke"},
        {"GET", "/v1/admin/webhooks"},         {"POST", "/v1/admin/webhooks"},
        {"PATCH", "/v1/admin/webhooks/{id}"},  {"DELETE", "/v1/admin/webhooks/{id}"},
        {"GET", "/v1/admin/doctor"},           {"GET", "/metrics"},
    };
    for (const auto& [method, pattern] : routes)
        router.add({method, pattern, Access::key, Rate::all, Length::brief, nullptr});
    router.add({"GET", "/docs", Access::open, Rate::all, Length::brief, nullptr});
    for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
        router.add(
            {method, "/v1/vms/{id}/ports/{port}/{rest…}", Access::key, Rate::all, Length::brief, nullptr});
    }
}

}  // namespace hutch::api
