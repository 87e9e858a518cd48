#pragma once

#include "common/result.hpp"

namespace hutch::guest_init {

/// Loads the kernel modules that the initramfs brings for a packaged kernel, in the order of
/// /modules/modules.list. A kernel with everything built in has no such folder; then nothing happens. One
/// that does not load is said on the console and passed over: what is really missing fails later with a
/// message of its own.
void load_modules();

}  // namespace hutch::guest_init
