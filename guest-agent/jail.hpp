#pragma once

#include <vector>

#include "common/result.hpp"
#include "common/sys/unique_fd.hpp"

namespace hutch::guest_agent {

/// Takes the calling thread into the jail: a mount namespace of its own whose root is the image's merged root, read-only, with
/// /workspace, /tmp and /var/tmp writable and a minimal /dev (guest.md 3.1–3.2). Nothing else of the guest is mounted in it. Also
/// empties the thread's capability bounding set. What the thread clones from then on starts in there; the other threads of the
/// process are not affected. On failure the thread is of no more use.
[[nodiscard]] Result<void> enter_jail();

/// The files of /proc that user code could read and should not, of those that this kernel has. Call outside of the jail.
[[nodiscard]] std::vector<const char*> hidden_proc_entries();

}  // namespace hutch::guest_agent
