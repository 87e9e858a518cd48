#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.hpp"
#include "guest-agent/environment.hpp"

namespace hutch::guest_agent {

/// The body of POST /exec, checked (guest.md 4).
struct ExecRequest {
    std::string cmd;                 ///< for the shell; no NUL
    std::string cwd = "/workspace";  ///< absolute, below /workspace
    Environment env;
    std::chrono::milliseconds timeout{};
    std::optional<std::string> stdin_text;  ///< absent: /dev/null
};

/// Longest `timeoutMs`: one day. What callers may ask for is the manager's to limit.
inline constexpr std::chrono::milliseconds max_timeout = std::chrono::hours(24);

/// Unknown fields are ignored. Errors are `invalid_argument` and name the field.
[[nodiscard]] Result<ExecRequest> parse_exec_request(std::string_view body);

}  // namespace hutch::guest_agent
