#pragma once

#include <chrono>
#include <string>

#include "guest-agent/captured_output.hpp"

namespace hutch::guest_agent {

/// How an exec ended. Everything here is data for the caller, never an error (guest.md 4.4).
struct ExecResult {
    int wait_status = 0;  ///< as wait(2) gives it
    bool timed_out = false;
    bool oom_killed = false;
    bool pids_limited = false;
    CapturedOutput out;
    CapturedOutput err;
    std::chrono::milliseconds duration{};
};

/// "SIGKILL" for 9; real-time signals are "SIGRTMIN+n".
[[nodiscard]] std::string signal_name(int signal);

/// The answer of POST /exec.
[[nodiscard]] std::string to_json(const ExecResult& result);

}  // namespace hutch::guest_agent
