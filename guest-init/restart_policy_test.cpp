#include "guest-init/restart_policy.hpp"

#include <gtest/gtest.h>

namespace hutch::guest_init {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr RestartPolicy::Clock::time_point start{seconds(1000)};

TEST(RestartPolicy, FirstAtOnceThenDoublingToALimit) {
    RestartPolicy policy;
    EXPECT_EQ(policy.delay_after_death(start, start), milliseconds(0));
    EXPECT_EQ(policy.delay_after_death(start, start), milliseconds(100));
    EXPECT_EQ(policy.delay_after_death(start, start), milliseconds(200));
    for (int i = 0; i < 20; ++i) (void)policy.delay_after_death(start, start);
    EXPECT_EQ(policy.delay_after_death(start, start), seconds(10));
}

TEST(RestartPolicy, ForgivesAfterAHealthyMinute) {
    RestartPolicy policy;
    for (int i = 0; i < 20; ++i) (void)policy.delay_after_death(start, start + seconds(59));
    EXPECT_EQ(policy.delay_after_death(start, start + minutes(1)), milliseconds(0));
    EXPECT_EQ(policy.delay_after_death(start, start), milliseconds(100));
}

}  // namespace
}  // namespace hutch::guest_init
