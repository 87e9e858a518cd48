#include "manager/api/openapi.hpp"
#include "manager/api/routes.hpp"

namespace hutch::api {

void add_service_routes(Router& router) {
    router.add({"GET", "/healthz", Access::open, Rate::all, Length::brief, [](const Request&) {
                    return json_response(200, {{"status", "ok"}});
                }});
    router.add({"GET", "/openapi.json", Access::open, Rate::all, Length::brief, [](const Request&) {
                    return Response{200, {}, "application/json", std::string(openapi_document())};
                }});
}

}  // namespace hutch::api
