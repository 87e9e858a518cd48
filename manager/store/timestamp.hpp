#pragma once

#include <string>

namespace hutch::store {

/// The time now as the store and the API write it: UTC with milliseconds, "2026-01-31T12:00:00.000Z".
[[nodiscard]] std::string iso8601_now();

}  // namespace hutch::store
