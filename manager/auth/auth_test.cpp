#include "manager/auth/auth.hpp"

#include <gtest/gtest.h>

namespace hutch::auth {
namespace {

class AuthTest : public testing::Test {
protected:
    AuthOptions options() {
        return {"the-key", "admin@example.org",    "the-password", std::chrono::hours(1),
                3,         [this] { return now_; }};
    }
    Instant now_{};
    Auth auth_{options()};
};

TEST_F(AuthTest, OnlyTheKeyIsTheKey) {
    EXPECT_TRUE(auth_.with_key("the-key"));
    for (const char* key : {"", "the-ke", "the-key ", "THE-KEY", "the-password"})
        EXPECT_FALSE(auth_.with_key(key)) << key;
    EXPECT_EQ(auth_.with_key("the-key")->id.find("the-key"), std::string::npos)
        << "a principal's id is no secret";
}

TEST_F(AuthTest, ALoginGivesASessionUntilLogout) {
    const SignIn signed_in = auth_.log_in("admin@example.org", "the-password", "127.0.0.1").value();
    EXPECT_EQ(signed_in.email, "admin@example.org");
    const auto principal = auth_.with_session(signed_in.token);
    ASSERT_TRUE(principal);
    EXPECT_EQ(principal->kind, Principal::Kind::session);
    EXPECT_EQ(principal->email, "admin@example.org");
    auth_.log_out(signed_in.token);
    EXPECT_FALSE(auth_.with_session(signed_in.token));
}

TEST_F(AuthTest, AKeyGivesASessionWithoutEmail) {
    const SignIn signed_in = auth_.log_in_with_key("the-key", "127.0.0.1").value();
    EXPECT_EQ(auth_.with_session(signed_in.token)->email, "");
    EXPECT_EQ(auth_.log_in_with_key("another", "127.0.0.1").error().kind, ErrorKind::unauthenticated);
}

TEST_F(AuthTest, FailuresAreLimitedForEachAddress) {
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(auth_.log_in("admin@example.org", "guess", "10.0.0.1").error().code, "wrong_credentials");
    }
    EXPECT_EQ(auth_.log_in("admin@example.org", "the-password", "10.0.0.1").error().code,
              "too_many_failed_logins");
    EXPECT_EQ(auth_.log_in_with_key("the-key", "10.0.0.1").error().code, "too_many_failed_logins");
    EXPECT_TRUE(auth_.log_in("admin@example.org", "the-password", "10.0.0.2"));
    now_ += std::chrono::minutes(1);
    EXPECT_TRUE(auth_.log_in("admin@example.org", "the-password", "10.0.0.1"));
}

TEST_F(AuthTest, SuccessesAreNotLimited) {
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(auth_.log_in("admin@example.org", "the-password", "10.0.0.1"));
}

TEST_F(AuthTest, WithoutAPasswordLoginIsOff) {
    AuthOptions without = options();
    without.admin_password = "";
    Auth auth(without);
    EXPECT_FALSE(auth.login_is_on());
    EXPECT_EQ(auth.log_in("admin@example.org", "", "127.0.0.1").error().code, "login_off");
    EXPECT_EQ(auth.log_in("", "", "127.0.0.1").error().code, "login_off");
}

}  // namespace
}  // namespace hutch::auth
