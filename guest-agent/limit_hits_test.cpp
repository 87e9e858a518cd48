#include "guest-agent/limit_hits.hpp"

#include <gtest/gtest.h>

namespace hutch::guest_agent {
namespace {

TEST(LimitHits, ReadsACounter) {
    constexpr char text[] = "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 1\n";
    EXPECT_EQ(counter_in(text, "oom_kill"), 2U);
    EXPECT_EQ(counter_in(text, "oom"), 3U);
    EXPECT_EQ(counter_in(text, "max"), 12U);
    EXPECT_EQ(counter_in(text, "oom_group_kill"), 1U);
    EXPECT_EQ(counter_in(text, "none"), 0U);
    EXPECT_EQ(counter_in("", "max"), 0U);
    EXPECT_EQ(counter_in("max", "max"), 0U);
}

}  // namespace
}  // namespace hutch::guest_agent
