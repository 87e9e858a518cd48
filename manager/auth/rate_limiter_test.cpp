#include "manager/auth/rate_limiter.hpp"

#include <gtest/gtest.h>

namespace hutch::auth {
namespace {

class RateLimiterTest : public testing::Test {
protected:
    Instant now_{};
    RateLimiter limiter_{60, [this] { return now_; }};
};

TEST_F(RateLimiterTest, AllowsTheWholeMinuteAtOnceThenOneASecond) {
    for (int i = 0; i < 60; ++i) ASSERT_FALSE(limiter_.take("a"));
    EXPECT_EQ(limiter_.take("a"), std::chrono::seconds(1));
    EXPECT_EQ(limiter_.would_wait("a"), std::chrono::seconds(1));
    EXPECT_FALSE(limiter_.take("b")) << "each caller has its own";
    now_ += std::chrono::seconds(1);
    EXPECT_FALSE(limiter_.would_wait("a"));
    EXPECT_FALSE(limiter_.take("a"));
    EXPECT_TRUE(limiter_.take("a"));
    now_ += std::chrono::hours(5);
    for (int i = 0; i < 60; ++i) ASSERT_FALSE(limiter_.take("a"));
    EXPECT_TRUE(limiter_.take("a")) << "it fills up to a minute's worth and no further";
}

TEST_F(RateLimiterTest, ASmallLimitSaysHowLongToWait) {
    RateLimiter one(1, [this] { return now_; });
    EXPECT_FALSE(one.take("a"));
    EXPECT_EQ(one.take("a"), std::chrono::seconds(60));
}

TEST_F(RateLimiterTest, AFloodOfCallersSharesOneBucket) {
    for (std::size_t i = 0; i < RateLimiter::max_callers; ++i) ASSERT_FALSE(limiter_.take(std::to_string(i)));
    for (int i = 0; i < 60; ++i) ASSERT_FALSE(limiter_.take("new " + std::to_string(i)));
    EXPECT_TRUE(limiter_.take("one more"));
    now_ += std::chrono::minutes(1);
    EXPECT_FALSE(limiter_.take("one more")) << "the others are forgotten by now";
}

}  // namespace
}  // namespace hutch::auth
