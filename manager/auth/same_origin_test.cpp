#include "manager/auth/same_origin.hpp"

#include <gtest/gtest.h>

namespace hutch::auth {
namespace {

TEST(SameOrigin, TheOwnPageAndProgramsMayCall) {
    EXPECT_TRUE(is_same_origin({"same-origin", "http://localhost:3000", "localhost:3000"}, ""));
    EXPECT_TRUE(is_same_origin({"", "http://LocalHost:3000", "localhost:3000"}, ""));
    EXPECT_TRUE(is_same_origin({"", "", "localhost:3000"}, ""));
    EXPECT_TRUE(is_same_origin({"same-origin", "https://hutch.example.org", "127.0.0.1:3000"},
                               "https://hutch.example.org/"));
}

TEST(SameOrigin, AnotherSiteMayNot) {
    EXPECT_FALSE(is_same_origin({"cross-site", "", "localhost:3000"}, ""));
    EXPECT_FALSE(is_same_origin({"same-site", "", "localhost:3000"}, ""));
    EXPECT_FALSE(is_same_origin({"none", "", "localhost:3000"}, ""));
    EXPECT_FALSE(is_same_origin({"", "http://evil.example", "localhost:3000"}, ""));
    EXPECT_FALSE(is_same_origin({"", "http://localhost:3001", "localhost:3000"}, ""));
    EXPECT_FALSE(is_same_origin({"", "null", "localhost:3000"}, ""));
    EXPECT_FALSE(is_same_origin({"", "null", ""}, ""));
    EXPECT_FALSE(is_same_origin({"", "http://", ""}, ""));
    EXPECT_FALSE(is_same_origin({"same-origin", "http://evil.example", "localhost:3000"}, ""));
    EXPECT_FALSE(is_same_origin({"", "http://localhost:3000.evil.example", "localhost:3000"}, ""));
}

}  // namespace
}  // namespace hutch::auth
