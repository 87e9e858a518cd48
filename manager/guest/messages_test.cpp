#include "manager/guest/messages.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hutch::guest {
namespace {

using nlohmann::json;

json good_result() {
    return {{"exitCode", 3},       {"stdout", "out"},         {"stderr", "err"},
            {"timedOut", false},   {"signal", nullptr},       {"oomKilled", false},
            {"pidsLimited", true}, {"stdoutTruncated", true}, {"stderrTruncated", false},
            {"durationMs", 12}};
}

TEST(ParseExecResult, ReadsEveryField) {
    const auto result = parse_exec_result(good_result().dump());
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->exit_code, 3);
    EXPECT_EQ(result->standard_output, "out");
    EXPECT_EQ(result->standard_error, "err");
    EXPECT_TRUE(result->pids_limited);
    EXPECT_TRUE(result->standard_output_truncated);
    EXPECT_EQ(result->duration_ms, 12);
    EXPECT_FALSE(result->signal);
}

TEST(ParseExecResult, AMissingFieldIsNeverADefault) {
    const json complete = good_result();
    for (const auto& [name, value] : complete.items()) {
        json object = complete;
        object.erase(name);
        const auto result = parse_exec_result(object.dump());
        ASSERT_FALSE(result) << name;
        EXPECT_EQ(result.error().kind, ErrorKind::guest_failed);
    }
}

TEST(ParseExecResult, RefusesWrongTypesAndRanges) {
    const std::pair<const char*, json> lies[] = {{"exitCode", "0"},
                                                 {"exitCode", 256},
                                                 {"exitCode", -2},
                                                 {"exitCode", 0.5},
                                                 {"exitCode", 18446744073709551615U},
                                                 {"stdout", 1},
                                                 {"timedOut", 0},
                                                 {"signal", 9},
                                                 {"signal", "<b>"},
                                                 {"signal", "SIGAAAAAAAAAAAAAAAAAAAA"},
                                                 {"durationMs", -1},
                                                 {"oomKilled", nullptr},
                                                 {"stderr", json::array()}};
    for (const auto& [name, value] : lies) {
        json object = good_result();
        object[name] = value;
        EXPECT_FALSE(parse_exec_result(object.dump())) << name << " = " << value;
    }
}

TEST(ParseExecResult, RefusesGarbage) {
    for (const char* text : {"", "null", "[]", "{", "{}", "\"x\"", "{\"exitCode\":0}", "\xff\xfe"})
        EXPECT_FALSE(parse_exec_result(text)) << text;
    EXPECT_FALSE(parse_exec_result(std::string(1 << 20, '[')));
    EXPECT_FALSE(parse_exec_result("{\"a\":" + std::string(100'000, '[')));
}

TEST(ParseExecResult, RefusesMoreOutputThanAsked) {
    json object = good_result();
    object["stdout"] = std::string(4'000'000, 'x');
    EXPECT_FALSE(parse_exec_result(object.dump()));
}

TEST(ParseErrorMessage, IsMadeHarmless) {
    EXPECT_EQ(parse_error_message(R"({"message":"a\u001b[31mb\nc"})"), "a?[31mb?c");
    EXPECT_EQ(parse_error_message("garbage"), "no reason given");
    EXPECT_EQ(parse_error_message(json{{"message", std::string(5000, 'x')}}.dump()).size(), 300U);
}

TEST(ParseReady, ChecksVersionBootIdAndTimes) {
    json line = {{"type", "ready"},
                 {"version", 1},
                 {"bootId", "01234567-89ab-cdef-0123-456789abcdef"},
                 {"timeline", {{"init", 12.5}, {"root", 20}, {"agent", 25}}}};
    ASSERT_TRUE(parse_ready(line.dump()));
    EXPECT_DOUBLE_EQ(parse_ready(line.dump())->init_ms, 12.5);
    for (const auto& [pointer, value] :
         std::initializer_list<std::pair<const char*, json>>{{"/type", "Ready"},
                                                             {"/version", 2},
                                                             {"/bootId", "../../etc"},
                                                             {"/bootId", ""},
                                                             {"/timeline", 1},
                                                             {"/timeline/init", -1},
                                                             {"/timeline/agent", "x"}}) {
        json lie = line;
        lie[json::json_pointer(pointer)] = value;
        EXPECT_FALSE(parse_ready(lie.dump())) << pointer;
    }
}

}  // namespace
}  // namespace hutch::guest
