#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guest-agent/environment.hpp"

namespace hutch::guest_agent {

/// The words of a shell command that needs no shell: one simple command without expansions, redirections,
/// assignments, builtins or keywords. bash would only split it into these words and exec the program, so the
/// program can be executed directly, as make(1) does; starting bash first costs as much again as a small
/// program. Quotes are understood where nothing inside them is expanded. Empty when in any doubt.
[[nodiscard]] std::optional<std::vector<std::string>> plain_command(std::string_view command);

/// False when a variable could make bash itself behave differently before it runs a command (BASH_ENV,
/// SHELLOPTS, …) or is one of those that bash rewrites (PWD, SHLVL, …).
[[nodiscard]] bool lets_bash_be_skipped(const Environment& environment);

/// The files that bash would try for a command's first word, in order: the word itself when it has a slash,
/// else every absolute folder of PATH. Empty when PATH has a folder that isn't absolute.
[[nodiscard]] std::vector<std::string> candidates_for(const std::string& word,
                                                      std::string_view path_variable);

}  // namespace hutch::guest_agent
