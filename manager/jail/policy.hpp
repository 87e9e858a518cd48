#pragma once

#include "common/result.hpp"
#include "manager/jail/specification.hpp"

namespace hutch::jail {

/// Installs the allow-list of `policy` on the calling thread; every other system call fails with EPERM. ERRNO
/// and not KILL, because user-mode Linux handles traps of its own. Needs no_new_privs. Irreversible.
[[nodiscard]] Result<void> install_policy(Policy policy);

}  // namespace hutch::jail
