#pragma once

// The memory that one prepared exec shares between the agent's threads and the jailed processes. Those are
// made with clone(CLONE_VM): they see this object itself, wait on its words, and exec with the pointers in
// it.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <linux/filter.h>

#include "common/sys/unique_fd.hpp"
#include "guest-agent/limit_hits.hpp"

namespace hutch::guest_agent {

/// One thing to exec; the next one is tried when this one fails.
struct ExecAttempt {
    const char* path;
    char* const* arguments;
    char* const* environment;
};

/// What the caller wants to run, laid out for a process that can allocate nothing. All pointers stay valid
/// until the slot finished.
struct ExecOrder {
    const char* working_directory = nullptr;
    const ExecAttempt* attempts = nullptr;
    std::size_t attempt_count = 0;
    const char* stdin_bytes = nullptr;  ///< null: /dev/null
    std::size_t stdin_size = 0;
    const char* script_bytes =
        nullptr;  ///< a command too long for an argument; it gets descriptor `script_descriptor`
    std::size_t script_size = 0;
    char* pwd_value =
        nullptr;  ///< room for the working directory's physical path in a "PWD=" entry; null: not wanted
    std::size_t pwd_capacity = 0;
};

inline constexpr int script_descriptor = 9;

/// Where in its life a prepared exec is: the word that both sides wait on.
enum class SlotCommand : std::uint32_t { wait, run, cancel };

/// What failed before the command ran.
enum class SlotFailure : std::uint32_t { none, prepare, working_directory, input, exec };

/// One of the agent's places for an exec. The cgroup, the event and the stacks live as long as the slot; the
/// rest belongs to the exec that is being prepared or runs. Owned by the Spawner; between acquire() and
/// release() one other thread may use it.
struct ExecSlot {
    static constexpr std::size_t stack_bytes = 16384;

    unsigned number = 0;
    // cgroup /sys/fs/cgroup/exec/<number>
    sys::UniqueFd cgroup_procs;
    sys::UniqueFd cgroup_kill;
    sys::UniqueFd memory_events;
    sys::UniqueFd pids_events;
    LimitHits hits;  ///< as they were before this exec
    /// Readable once the exec is over and every process of it is gone. Non-blocking eventfd.
    sys::UniqueFd done;
    char* init_stack = nullptr;  ///< lowest address, stack_bytes each
    char* command_stack = nullptr;

    // this exec
    sys::UniqueFd stdout_read;
    sys::UniqueFd stdout_write;
    sys::UniqueFd stderr_read;
    sys::UniqueFd stderr_write;
    int init_pid = -1;  ///< PID 1 of its pid namespace, as the agent sees it
    ExecOrder order;
    std::atomic<SlotCommand> command{SlotCommand::wait};
    std::atomic<std::uint32_t> released{0};
    SlotFailure failure = SlotFailure::none;
    int failure_errno = 0;
    int wait_status = 0;
};

}  // namespace hutch::guest_agent
