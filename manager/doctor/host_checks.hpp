#pragma once

// What the host is: kernel, processors, memory, limits. Each function looks and changes nothing.

#include <cstdint>
#include <string>
#include <string_view>

#include "manager/config/config.hpp"
#include "manager/doctor/check.hpp"

namespace hutch::doctor {

/// The running kernel; `release` and `machine` as uname(2) gives them. Failure below Linux 5.12 or on another
/// machine than x86_64.
[[nodiscard]] Check check_kernel(const std::string& release, const std::string& machine);
[[nodiscard]] Check check_running_kernel();

[[nodiscard]] Check check_cpus();

/// `meminfo`: the text of /proc/meminfo. Warns when not even the smallest guest would fit into what is
/// available.
[[nodiscard]] Check check_memory(std::string_view meminfo, std::int64_t smallest_guest_mib);
[[nodiscard]] Check check_running_memory(const config::Config& config);

/// As whom the VMs will run. `uid_map`: the text of /proc/self/uid_map; a root of a user namespace may not
/// have the uids.
[[nodiscard]] Check check_user(unsigned effective_uid, std::string_view uid_map);
[[nodiscard]] Check check_running_user();

/// Whether the kernel has seccomp filters with the actions that the jail uses.
[[nodiscard]] Check check_seccomp();

/// Says that no cgroup limits are applied.
[[nodiscard]] Check check_cgroup_limits();

/// Descriptors: `limit` is the soft RLIMIT_NOFILE.
[[nodiscard]] Check check_open_files(std::uint64_t limit, const config::Config& config);
[[nodiscard]] Check check_running_open_files(const config::Config& config);

/// HUTCH_LISTEN: the service speaks plain HTTP, which is for the host itself.
[[nodiscard]] Check check_listen_address(const config::Config& config);

}  // namespace hutch::doctor
