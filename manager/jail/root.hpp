#pragma once

#include <vector>

#include "common/result.hpp"
#include "manager/jail/specification.hpp"

namespace hutch::jail {

/// Builds a root directory that holds just `mounts`, makes it the caller's root and lets go of the host's.
/// The caller is alone in a new user and mount namespace with its capabilities. Irreversible; on failure the
/// caller must exit.
[[nodiscard]] Result<void> enter_root(const std::vector<Mount>& mounts);

}  // namespace hutch::jail
