#include "manager/auth/sessions.hpp"

#include <gtest/gtest.h>

namespace hutch::auth {
namespace {

class SessionsTest : public testing::Test {
protected:
    Instant now_{};
    Sessions sessions_{std::chrono::hours(1), [this] { return now_; }};
};

TEST_F(SessionsTest, ATokenIsLongRandomAndFoundUntilItExpires) {
    const std::string token = sessions_.open({"a@b"});
    EXPECT_EQ(token.size(), 64U);
    EXPECT_NE(token, sessions_.open({"a@b"}));
    now_ += std::chrono::minutes(59);
    ASSERT_TRUE(sessions_.find(token));
    EXPECT_EQ(sessions_.find(token)->email, "a@b");
    now_ += std::chrono::minutes(1);
    EXPECT_FALSE(sessions_.find(token));
}

TEST_F(SessionsTest, OthersAreNotFound) {
    const std::string token = sessions_.open({});
    for (const std::string& other :
         {std::string(), std::string("x"), std::string(64, '0'), token + "0", token.substr(1)}) {
        EXPECT_FALSE(sessions_.find(other)) << other;
    }
    sessions_.close(token);
    EXPECT_FALSE(sessions_.find(token));
}

TEST_F(SessionsTest, TheOldestMakesRoom) {
    const std::string first = sessions_.open({});
    now_ += std::chrono::seconds(1);
    std::string last;
    for (std::size_t i = 0; i < Sessions::max_sessions; ++i) last = sessions_.open({});
    EXPECT_FALSE(sessions_.find(first));
    EXPECT_TRUE(sessions_.find(last));
}

}  // namespace
}  // namespace hutch::auth
