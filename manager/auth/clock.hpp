#pragma once

#include <chrono>
#include <functional>

namespace hutch::auth {

using Instant = std::chrono::steady_clock::time_point;
/// Where sessions and rate limits get the time from; tests have their own.
using Clock = std::function<Instant()>;

}  // namespace hutch::auth
