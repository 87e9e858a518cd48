#pragma once

// An exec call and its outcome, between the API and the guest's agent.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace hutch::guest {

/// An exec call, checked by the API.
struct ExecRequest {
    std::string command;
    std::string working_directory;  ///< empty: /workspace
    std::map<std::string, std::string> environment;
    std::string standard_input;
    std::int64_t timeout_ms = 0;  ///< 0: the default (30 s)
    /// Takes what ends the command early, to be called from another thread at most once, when nobody waits
    /// for its outcome any more; an empty function takes it back. Empty: there is always somebody.
    std::function<void(std::function<void()>)> when_caller_leaves;
};

/// What the command did. Every outcome of the guest's program is data here, never an Error.
struct ExecResult {
    int exit_code = 0;            ///< 128+n for signal n, -1 for a timeout
    std::string standard_output;  ///< valid UTF-8
    std::string standard_error;   ///< valid UTF-8
    bool timed_out = false;
    std::optional<std::string> signal;  ///< "SIGKILL"
    bool out_of_memory_killed = false;
    bool pids_limited = false;
    bool standard_output_truncated = false;
    bool standard_error_truncated = false;
    std::int64_t duration_ms = 0;
};

}  // namespace hutch::guest
