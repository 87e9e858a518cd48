#pragma once

#include <chrono>

namespace hutch::guest_init {

/// How long to wait before a program that died is started again: not at all the first time, then from 100 ms
/// doubling to 10 s; from the beginning again once it has run for a minute.
class RestartPolicy {
public:
    using Clock = std::chrono::steady_clock;

    [[nodiscard]] std::chrono::milliseconds delay_after_death(Clock::time_point started,
                                                              Clock::time_point died);

private:
    std::chrono::milliseconds next_{0};
};

}  // namespace hutch::guest_init
