#pragma once

// The processes of one exec, up to the moment they run user code.
//
// The spawner clones PID 1 of a new pid, mount and ipc namespace. It shares the agent's memory (nothing is
// copied, nothing is touched twice) and its table of descriptors. It mounts what belongs to this exec alone
// (/proc, /dev/pts, /dev/shm) and makes the command's process with vfork semantics: that one gives up every
// right, and waits for its order. All of this happens ahead of time, so that an exec costs little more than
// its execve. PID 1 then reaps, reports the command's status, kills whatever is left and waits until its
// place is needed again; with its end the kernel takes down the namespaces.
//
// Nothing here may use libc's state (errno, malloc, locks): the memory and the thread-local storage are the
// spawner's.

#include <vector>

#include <linux/filter.h>

#include "common/result.hpp"
#include "guest-agent/exec_slot.hpp"
#include "guest-agent/jail.hpp"

namespace hutch::guest_agent {

/// What all execs have in common.
struct JailedProcessPlan {
    const sock_fprog* seccomp = nullptr;
    int null_device = -1;  ///< a descriptor of /dev/null
    std::vector<ProcCover> covers;
};

/// Clones PID 1 for `slot` from the calling thread, whose root and mount namespace must be the jail's.
/// Returns at once.
[[nodiscard]] Result<void> start_jailed_process(ExecSlot& slot, const JailedProcessPlan& plan);

/// Wakes a process that waits on `word`.
void wake(std::atomic<SlotCommand>& word);
void wake(std::atomic<std::uint32_t>& word);

}  // namespace hutch::guest_agent
