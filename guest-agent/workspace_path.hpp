#pragma once

#include <string>
#include <string_view>

#include "common/result.hpp"

namespace hutch::guest_agent {

/// Where a VM's files are for users of the API (guest.md 3.7).
inline constexpr std::string_view workspace = "/workspace";

/// The absolute form, below /workspace, of a path given by a caller: absolute or relative to /workspace. `.`
/// and `..` are resolved in the text. Anything that is not below /workspace, is longer than 4096 bytes or
/// holds a NUL is an error that names `field`.
[[nodiscard]] Result<std::string> workspace_path(std::string_view path, std::string_view field);

}  // namespace hutch::guest_agent
