#include "guest-agent/exec_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hutch::guest_agent {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string error_of(std::string_view body) {
    const auto parsed = parse_exec_request(body);
    return parsed ? "" : parsed.error().message;
}

TEST(ExecRequest, Defaults) {
    const auto parsed = parse_exec_request(R"({"cmd":"true","unknown":[1]})");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->cmd, "true");
    EXPECT_EQ(parsed->cwd, "/workspace");
    EXPECT_EQ(parsed->timeout, milliseconds(30'000));
    EXPECT_FALSE(parsed->stdin_text);
    EXPECT_TRUE(parsed->env.entries().empty());
}

TEST(ExecRequest, EveryField) {
    const auto parsed = parse_exec_request(
        R"({"cmd":"x","cwd":"a","env":{"A":"1","B":""},"timeoutMs":5,"stdin":"in\u0000put"})");
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(parsed->cwd, "/workspace/a");
    EXPECT_THAT(parsed->env.entries(), ElementsAre("A=1", "B="));
    EXPECT_EQ(parsed->timeout, milliseconds(5));
    EXPECT_EQ(parsed->stdin_text, std::string("in\0put", 6));
}

TEST(ExecRequest, ErrorsNameTheField) {
    EXPECT_THAT(error_of(""), HasSubstr("not JSON"));
    EXPECT_THAT(error_of("{\"cmd\":\"\xff\"}"), HasSubstr("not JSON"));
    EXPECT_THAT(error_of("[]"), HasSubstr("JSON object"));
    EXPECT_THAT(error_of("{}"), HasSubstr("cmd is missing"));
    EXPECT_THAT(error_of(R"({"cmd":1})"), HasSubstr("cmd must be a string"));
    EXPECT_THAT(error_of(R"({"cmd":"a\u0000b"})"), HasSubstr("cmd must not contain a NUL"));
    EXPECT_THAT(error_of(R"({"cmd":"x","cwd":null})"), HasSubstr("cwd"));
    EXPECT_THAT(error_of(R"({"cmd":"x","cwd":"/etc"})"), HasSubstr("cwd"));
    EXPECT_THAT(error_of(R"({"cmd":"x","env":["A=1"]})"), HasSubstr("env"));
    EXPECT_THAT(error_of(R"({"cmd":"x","env":{"A":1}})"), HasSubstr("env.A"));
    EXPECT_THAT(error_of(R"({"cmd":"x","env":{"A=B":"1"}})"), HasSubstr("env"));
    EXPECT_THAT(error_of(R"({"cmd":"x","stdin":[]})"), HasSubstr("stdin"));
}

TEST(ExecRequest, TimeoutRange) {
    for (const char* value : {"0", "-1", "1.5", "1e3", "\"5\"", "null", "86400001", "9223372036854775808",
                              "18446744073709551615", "-9223372036854775809", "1e309"}) {
        const std::string body = std::string(R"({"cmd":"x","timeoutMs":)") + value + "}";
        EXPECT_FALSE(parse_exec_request(body)) << value;
    }
    EXPECT_TRUE(parse_exec_request(R"({"cmd":"x","timeoutMs":86400000})"));
}

TEST(ExecRequest, DeepJsonIsRefusedOrIgnored) {
    const std::string deep =
        R"({"cmd":"x","a":)" + std::string(200'000, '[') + std::string(200'000, ']') + "}";
    EXPECT_TRUE(parse_exec_request(deep));
    EXPECT_FALSE(parse_exec_request(std::string(200'000, '[')));
}

}  // namespace
}  // namespace hutch::guest_agent
