#pragma once

#include <string_view>

namespace hutch::api {

/// openapi.json, as it was at build time: OpenAPI 3.1, every route that this version has.
[[nodiscard]] std::string_view openapi_document();

}  // namespace hutch::api
