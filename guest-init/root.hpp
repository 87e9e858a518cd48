#pragma once

#include "common/result.hpp"
#include "guest-init/kernel_arguments.hpp"

namespace hutch::guest_init {

/// /proc, /sys, /dev and the cgroups with their controllers, in the initramfs. /proc may be mounted already.
[[nodiscard]] Result<void> mount_kernel_filesystems();

/// Mounts the image read-only at /lower, the VM's disk at /overlay and both merged at /merged
/// (guest.md 1.2–1.4). A disk that the kernel flagged as damaged is checked first with the image's own e2fsck
/// where it has one. A device that is missing or can't be mounted is an error that names it; there is no
/// fallback.
[[nodiscard]] Result<void> assemble_root(const KernelArguments& arguments);

/// Unmounts /merged, /overlay and /lower. What can't be unmounted is made read-only, which leaves a clean
/// disk too.
void release_root();

}  // namespace hutch::guest_init
