#include "guest-init/restart_policy.hpp"

#include <algorithm>

namespace hutch::guest_init {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds first{100};
constexpr milliseconds longest{10'000};
constexpr std::chrono::minutes healthy{1};

}  // namespace

milliseconds RestartPolicy::delay_after_death(Clock::time_point started, Clock::time_point died) {
    if (died - started >= healthy) next_ = milliseconds(0);
    const milliseconds delay = next_;
    next_ = std::clamp(2 * delay, first, longest);
    return delay;
}

}  // namespace hutch::guest_init
