#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "common/sys/unique_fd.hpp"

namespace hutch::guest_agent {

/// Takes the calling thread into the jail: a mount namespace of its own whose root is the image's merged
/// root, read-only, with /workspace, /tmp and /var/tmp writable and a minimal /dev (guest.md 3.1–3.2).
/// Nothing else of the guest is mounted in it. Also empties the thread's capability bounding set. What the
/// thread clones from then on starts in there; the other threads of the process are not affected. On failure
/// the thread is of no more use.
[[nodiscard]] Result<void> enter_jail();

/// A file of the jail that is shown in place of one in /proc.
struct ProcCover {
    const char* source;
    const char* target;
};

/// What covers what user code could read in /proc and should not, of the files that this kernel has: nothing
/// (/dev/null) for the kernel's arguments and the like, and another text for /proc/cpuinfo, see
/// cpu_description. Call outside of the jail.
[[nodiscard]] std::vector<ProcCover> proc_covers();

/// The text of /proc/cpuinfo for user code. A user-mode kernel tells the host's name there and leaves out the
/// lines on cores, without which Debian's `ps aux` gives up; so the one goes and the others are added. Any
/// other kernel's text stays as it is.
[[nodiscard]] std::string cpu_description(std::string_view of_kernel);

}  // namespace hutch::guest_agent
