#pragma once

// mount(2), umount2(2) and mkdir(2) for programs that assemble a root. Errors name the target and the
// filesystem.

#include <string>

#include <sys/types.h>

#include "common/result.hpp"

namespace hutch::sys {

/// One mount(2) call. Empty strings are passed as null pointers.
struct Mount {
    std::string source;
    std::string target;
    std::string type;
    unsigned long flags = 0;  ///< MS_…
    std::string options;      ///< comma-separated, of the filesystem
};

[[nodiscard]] Result<void> mount(const Mount& mount);
/// Shows the tree at `source` at `target` too, with what is mounted below it when `flags` has MS_REC.
[[nodiscard]] Result<void> bind_mount(const std::string& source, const std::string& target,
                                      unsigned long flags = 0);
/// Sets the flags of one mount point (MS_RDONLY, MS_NOSUID, …), not of its filesystem.
[[nodiscard]] Result<void> set_mount_flags(const std::string& target, unsigned long flags);
/// umount2(2) with `flags` such as MNT_DETACH.
[[nodiscard]] Result<void> unmount(const std::string& target, int flags = 0);
/// mkdir(2); a directory that is already there is success.
[[nodiscard]] Result<void> make_directory(const std::string& path, mode_t mode);

}  // namespace hutch::sys
