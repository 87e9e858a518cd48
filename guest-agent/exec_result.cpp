#include "guest-agent/exec_result.hpp"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "guest-agent/utf8.hpp"

namespace hutch::guest_agent {

namespace {

constexpr std::string_view timeout_notice = "Timeout exceeded";

const char* json_bool(bool value) {
    return value ? "true" : "false";
}

}  // namespace

std::string signal_name(int signal) {
    if (const char* name = ::sigabbrev_np(signal)) return std::string("SIG") + name;
    if (signal < SIGRTMIN)
        return "SIG" + std::to_string(signal);  // the C library keeps the first real-time ones for itself
    return "SIGRTMIN+" + std::to_string(signal - SIGRTMIN);
}

std::string to_json(const ExecResult& result) {
    const int signal = WIFSIGNALED(result.wait_status) ? WTERMSIG(result.wait_status) : 0;
    int exit_code = signal != 0 ? 128 + signal : WEXITSTATUS(result.wait_status);
    if (result.timed_out) exit_code = -1;

    std::string json = "{\"exitCode\":" + std::to_string(exit_code) + ",\"stdout\":";
    append_json_string(json, result.out.text());
    json += ",\"stderr\":";
    if (result.timed_out) {
        std::string text(result.err.text());
        if (!text.empty() && text.back() != '\n') text += '\n';
        append_json_string(json, text.append(timeout_notice));
    } else {
        append_json_string(json, result.err.text());
    }
    json.append(",\"timedOut\":").append(json_bool(result.timed_out));
    json.append(",\"signal\":").append(signal != 0 ? "\"" + signal_name(signal) + "\"" : "null");
    json.append(",\"oomKilled\":").append(json_bool(result.oom_killed));
    json.append(",\"pidsLimited\":").append(json_bool(result.pids_limited));
    json.append(",\"stdoutTruncated\":").append(json_bool(result.out.truncated()));
    json.append(",\"stderrTruncated\":").append(json_bool(result.err.truncated()));
    json.append(",\"durationMs\":").append(std::to_string(result.duration.count())).append("}");
    return json;
}

}  // namespace hutch::guest_agent
