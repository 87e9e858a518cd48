#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/result.hpp"

namespace hutch::vm {

/// First of the 65,536 host uids that VMs run as when the manager is root, one per guest address: no account
/// of a usual system is there (login.defs and systemd's ranges end below, or lie elsewhere).
inline constexpr std::uint32_t first_host_uid = 0x4855'0000;  // 1213530112

/// The host uid for the VM with `guest_ip` (172.16.x.y); none when the manager is not root: VMs then run as
/// its own user.
[[nodiscard]] Result<std::optional<std::uint32_t>> host_user_for(const std::string& guest_ip);

}  // namespace hutch::vm
