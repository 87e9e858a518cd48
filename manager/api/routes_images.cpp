#include "manager/api/errors.hpp"
#include "manager/api/render.hpp"
#include "manager/api/routes.hpp"

namespace hutch::api {

namespace {

Response list(images::Images& images) {
    const auto records = images.list();
    if (!records) return error_response(records.error());
    auto body = nlohmann::ordered_json::array();
    for (const store::ImageRecord& record : *records) body.push_back(render(record));
    return json_response(200, body);
}

Response show(images::Images& images, const Request& request) {
    const auto id = path_id<store::ImageId>(request, "image_not_found", "an image");
    if (!id) return error_response(id.error());
    const auto record = images.image(*id);
    return record ? json_response(200, render(*record)) : error_response(record.error());
}

}  // namespace

void add_image_routes(Router& router, images::Images& images) {
    router.add({"GET", "/v1/images", Access::key, Rate::all, Length::brief,
                [&images](const Request&) { return list(images); }});
    router.add({"GET", "/v1/images/{id}", Access::key, Rate::all, Length::brief,
                [&images](const Request& request) { return show(images, request); }});
}

}  // namespace hutch::api
