#pragma once

#include "common/result.hpp"
#include "manager/jail/specification.hpp"

namespace hutch::jail {

/// Steps of the jailed process, in order, between its clone and its exec. Each is irreversible; on failure
/// the process must exit.

/// Takes uid 0 of the new user namespace, so that mounts can be made.
[[nodiscard]] Result<void> become_namespace_root();
/// Resource limits, CPU affinity, address space layout, host name.
[[nodiscard]] Result<void> apply_limits(const Specification& specification);
/// The per-VM uid if one was asked for; no capabilities in any set; no_new_privs.
[[nodiscard]] Result<void> drop_privileges(const Specification& specification);

/// The uid inside the namespace that stands for Specification::host_uid.
inline constexpr unsigned jailed_uid = 1;

}  // namespace hutch::jail
