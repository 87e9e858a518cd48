#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "common/result.hpp"

namespace hutch::api {

/// Deepest nesting of objects and arrays in a request's body.
inline constexpr int max_json_depth = 32;

/// A request's body as a JSON object. Strict: UTF-8, one object, no name twice in an object, nesting at most
/// max_json_depth, no number beyond what a double holds. Anything else is invalid_argument: code
/// "invalid_json", or "invalid_field" naming the field. Never throws, whatever the bytes.
[[nodiscard]] Result<nlohmann::json> parse_json_body(const std::string& body);

}  // namespace hutch::api
