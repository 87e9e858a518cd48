#include "guest-agent/exec_result.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <signal.h>

namespace hutch::guest_agent {
namespace {

using Json = nlohmann::json;

ExecResult result_with(int wait_status) {
    return {.wait_status = wait_status, .out = CapturedOutput(100), .err = CapturedOutput(100)};
}

TEST(ExecResult, ExitCode) {
    ExecResult result = result_with(3 << 8);
    result.out.append("o\xff");
    result.err.append("e");
    result.duration = std::chrono::milliseconds(12);
    EXPECT_EQ(Json::parse(to_json(result)),
              Json::parse(R"({"exitCode":3,"stdout":"o\ufffd","stderr":"e","timedOut":false,
        "signal":null,"oomKilled":false,"pidsLimited":false,"stdoutTruncated":false,"stderrTruncated":false,"durationMs":12})"));
}

TEST(ExecResult, Signal) {
    const Json json = Json::parse(to_json(result_with(SIGKILL)));
    EXPECT_EQ(json["exitCode"], 137);
    EXPECT_EQ(json["signal"], "SIGKILL");
    EXPECT_EQ(signal_name(SIGTERM), "SIGTERM");
    EXPECT_EQ(signal_name(SIGRTMIN + 2), "SIGRTMIN+2");
}

TEST(ExecResult, Timeout) {
    ExecResult result = result_with(SIGKILL);
    result.timed_out = true;
    EXPECT_EQ(Json::parse(to_json(result))["stderr"], "Timeout exceeded");
    result.err.append("half");
    const Json json = Json::parse(to_json(result));
    EXPECT_EQ(json["exitCode"], -1);
    EXPECT_EQ(json["stderr"], "half\nTimeout exceeded");
    EXPECT_EQ(json["timedOut"], true);
    EXPECT_EQ(json["signal"], "SIGKILL");
}

TEST(ExecResult, Flags) {
    ExecResult result{
        .oom_killed = true, .pids_limited = true, .out = CapturedOutput(1), .err = CapturedOutput(1)};
    result.out.append("ab");
    result.err.append("ab");
    const Json json = Json::parse(to_json(result));
    for (const char* flag : {"oomKilled", "pidsLimited", "stdoutTruncated", "stderrTruncated"})
        EXPECT_EQ(json[flag], true) << flag;
}

}  // namespace
}  // namespace hutch::guest_agent
