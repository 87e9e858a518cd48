#pragma once

#include "common/result.hpp"

namespace hutch::guest_init {

/// Makes sure that getrandom(2) never waits. Does nothing when the kernel's pool is ready, as it is where the
/// architecture seeds it (user-mode Linux asks its host, x86 its own instructions). Else mixes /dev/hwrng and
/// RDRAND into the pool and credits them; with neither it is an error, and the pool fills by itself some time
/// later.
[[nodiscard]] Result<void> seed_random_pool();

}  // namespace hutch::guest_init
