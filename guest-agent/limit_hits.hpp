#pragma once

#include <cstdint>
#include <string_view>

namespace hutch::guest_agent {

struct ExecSlot;

/// How often a cgroup ran into its limits since it exists.
struct LimitHits {
    std::uint64_t oom_kills = 0;    ///< memory.events, oom_kill
    std::uint64_t pids_limits = 0;  ///< pids.events, max
};

/// The value of `key` in the text of a flat-keyed cgroup file such as memory.events; 0 when it is not there.
[[nodiscard]] std::uint64_t counter_in(std::string_view text, std::string_view key);

/// Reads both for a slot's cgroup.
[[nodiscard]] LimitHits read_limit_hits(const ExecSlot& slot);

}  // namespace hutch::guest_agent
