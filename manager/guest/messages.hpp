#pragma once

// The agent's JSON: what we send is trusted, what it says is not. Every reader checks presence, type and
// range.

#include <string>
#include <string_view>

#include "common/result.hpp"
#include "manager/guest/exec.hpp"

namespace hutch::guest {

/// The body of POST /exec.
[[nodiscard]] std::string exec_body(const ExecRequest& request);

/// The answer to POST /exec. `guest_failed` when it is not exactly an exec result.
[[nodiscard]] Result<ExecResult> parse_exec_result(std::string_view body);

/// The message of an error answer, made harmless; a fixed text when there is none to be had.
[[nodiscard]] std::string parse_error_message(std::string_view body);

/// The line a guest sends when its agent serves.
struct Ready {
    std::string boot_id;  ///< a UUID: 36 characters
    double init_ms = 0;   ///< since the guest kernel started: guest-init's first instruction
    double root_ms = 0;   ///< the root is assembled
    double agent_ms = 0;  ///< the agent serves
};
[[nodiscard]] Result<Ready> parse_ready(std::string_view line);

}  // namespace hutch::guest
