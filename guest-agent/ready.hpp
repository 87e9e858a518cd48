#pragma once

#include <string>
#include <string_view>

#include "common/result.hpp"

namespace hutch::guest_agent {

/// Milliseconds since the kernel started, as hutch-init measured them; empty texts stand for unknown and
/// become 0.
struct Timeline {
    std::string init;
    std::string root;
    std::string agent;
};

/// The line that tells the host that the agent serves (docs/design.md, Ready), newline included.
[[nodiscard]] std::string ready_line(std::string_view boot_id, const Timeline& timeline);

/// Sends it to the host's ready port.
[[nodiscard]] Result<void> report_ready(std::string_view boot_id, const Timeline& timeline);

}  // namespace hutch::guest_agent
