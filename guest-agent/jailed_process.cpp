#include "guest-agent/jailed_process.hpp"

#include <cerrno>

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/guest_contract.hpp"
#include "common/sys/raw_syscall.hpp"

namespace hutch::guest_agent {

namespace {

using sys::raw_failed;
using sys::raw_pointer;
using sys::raw_syscall;

constexpr rlimit open_files{1024, 65536};
constexpr unsigned long mount_flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

/// What a cloned process needs to find.
struct Start {
    ExecSlot* slot;
    const JailedProcessPlan* plan;
};

template <class Word>
void futex_wait(std::atomic<Word>& word, Word while_value) {
    while (word.load(std::memory_order_acquire) == while_value)
        raw_syscall(SYS_futex, raw_pointer(&word), FUTEX_WAIT_PRIVATE, static_cast<long>(while_value), 0);
}

long raw_mount(const char* source, const char* target, const char* type, unsigned long flags,
               const char* options) {
    return raw_syscall(SYS_mount, raw_pointer(source), raw_pointer(target), raw_pointer(type),
                       static_cast<long>(flags), raw_pointer(options));
}

[[noreturn]] void raw_exit(int code) {
    for (;;) raw_syscall(SYS_exit_group, code);
}

[[noreturn]] void give_up(ExecSlot& slot, SlotFailure failure, long result) {
    slot.failure_errno = static_cast<int>(-result);
    slot.failure = failure;
    raw_exit(1);
}

void require(ExecSlot& slot, SlotFailure failure, long result) {
    if (raw_failed(result)) give_up(slot, failure, result);
}

/// A memory file with these bytes at descriptor `target`, read from the start.
void provide_bytes(ExecSlot& slot, const char* bytes, std::size_t size, int target) {
    const long file = raw_syscall(SYS_memfd_create, raw_pointer("input"), 0);
    require(slot, SlotFailure::input, file);
    while (size > 0) {
        const long written = raw_syscall(SYS_write, file, raw_pointer(bytes), static_cast<long>(size));
        require(slot, SlotFailure::input, written);
        bytes += written;
        size -= static_cast<std::size_t>(written);
    }
    require(slot, SlotFailure::input, raw_syscall(SYS_lseek, file, 0, SEEK_SET));
    if (file == target) return;
    require(slot, SlotFailure::input, raw_syscall(SYS_dup2, file, target));
    raw_syscall(SYS_close, file);
}

/// The command's process before its order comes: everything that does not depend on it.
void prepare_command(ExecSlot& slot, const JailedProcessPlan& plan) {
    const auto step = [&](long result) { require(slot, SlotFailure::prepare, result); };
    step(raw_syscall(SYS_setsid));
    step(raw_syscall(SYS_write, slot.cgroup_procs.get(), raw_pointer("0"), 1));
    // The agent is exempt from the out-of-memory killer; what it runs must not be.
    const long adjustment =
        raw_syscall(SYS_open, raw_pointer("/proc/self/oom_score_adj"), O_WRONLY | O_CLOEXEC);
    step(adjustment);
    step(raw_syscall(SYS_write, adjustment, raw_pointer("0"), 1));
    step(raw_syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, raw_pointer(&open_files), 0));
    step(raw_syscall(SYS_dup2, plan.null_device, STDIN_FILENO));
    step(raw_syscall(SYS_dup2, slot.stdout_write.get(), STDOUT_FILENO));
    step(raw_syscall(SYS_dup2, slot.stderr_write.get(), STDERR_FILENO));
    step(raw_syscall(SYS_close_range, 3, ~0U, 0));
    const std::uint64_t no_signals = 0;
    step(raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, raw_pointer(&no_signals), 0, sizeof no_signals));

    constexpr long user = guest_contract::user_id;
    step(raw_syscall(SYS_setgroups, 0, 0));
    step(raw_syscall(SYS_setresgid, user, user, user));
    step(raw_syscall(SYS_setresuid, user, user, user));
    step(raw_syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    step(raw_syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, raw_pointer(plan.seccomp)));
}

[[noreturn]] void run_command(ExecSlot& slot) {
    const ExecOrder& order = slot.order;
    require(slot, SlotFailure::working_directory,
            raw_syscall(SYS_chdir, raw_pointer(order.working_directory)));
    if (order.pwd_value != nullptr)
        require(slot, SlotFailure::working_directory,
                raw_syscall(SYS_getcwd, raw_pointer(order.pwd_value), static_cast<long>(order.pwd_capacity)));
    if (order.stdin_bytes != nullptr) provide_bytes(slot, order.stdin_bytes, order.stdin_size, STDIN_FILENO);
    if (order.script_bytes != nullptr)
        provide_bytes(slot, order.script_bytes, order.script_size, script_descriptor);
    long result = -ENOENT;
    for (std::size_t i = 0; i < order.attempt_count; ++i) {
        const ExecAttempt& attempt = order.attempts[i];
        result = raw_syscall(SYS_execve, raw_pointer(attempt.path), raw_pointer(attempt.arguments),
                             raw_pointer(attempt.environment));
    }
    give_up(slot, SlotFailure::exec, result);
}

int command_main(void* argument) {
    const Start& start = *static_cast<Start*>(argument);
    prepare_command(*start.slot, *start.plan);
    futex_wait(start.slot->command, SlotCommand::wait);
    if (start.slot->command.load(std::memory_order_acquire) == SlotCommand::cancel) raw_exit(0);
    run_command(*start.slot);
}

/// PID 1's own mounts: this namespace's processes, terminals and shared memory.
long mount_own_filesystems(const JailedProcessPlan& plan) {
    long result = raw_mount("proc", "/proc", "proc", mount_flags, nullptr);
    if (raw_failed(result)) return result;
    for (const ProcCover& cover : plan.covers) {
        result = raw_mount(cover.source, cover.target, nullptr, MS_BIND, nullptr);
        if (raw_failed(result)) return result;
    }
    result =
        raw_mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "ptmxmode=0666,mode=0620,gid=5");
    if (raw_failed(result)) return result;
    return raw_mount("shm", "/dev/shm", "tmpfs", mount_flags, "mode=1777");
}

/// Reaps until nothing is left in the namespace, and keeps the command's status.
void reap_all(ExecSlot& slot, long command) {
    for (bool killed = false;;) {
        int status = 0;
        // Once the command is gone, only look: what still runs has to be killed first.
        const bool command_gone = command < 0;
        const long pid = raw_syscall(SYS_wait4, -1, raw_pointer(&status),
                                     __WALL | (command_gone && !killed ? WNOHANG : 0), 0);
        if (pid == -ECHILD) return;
        if (pid == 0) {
            raw_syscall(SYS_kill, -1, SIGKILL);
            killed = true;
        }
        if (pid == command && command > 0) {
            slot.wait_status = status;
            command = -1;
        }
    }
}

void report_done(ExecSlot& slot) {
    const std::uint64_t one = 1;
    raw_syscall(SYS_write, slot.done.get(), raw_pointer(&one), sizeof one);
}

int init_main(void* argument) {
    const Start start = *static_cast<Start*>(argument);
    ExecSlot& slot = *start.slot;
    raw_syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    long result = mount_own_filesystems(*start.plan);
    if (!raw_failed(result)) {
        Start copy = start;
        // clone() of libc touches no state of its own and returns the error in errno only when it fails
        const int command = ::clone(command_main, slot.command_stack + ExecSlot::stack_bytes,
                                    CLONE_VM | CLONE_VFORK | SIGCHLD, &copy);
        result = command < 0 ? -EAGAIN : command;
        if (command > 0) reap_all(slot, command);
    }
    if (raw_failed(result)) {
        slot.failure_errno = static_cast<int>(-result);
        slot.failure = SlotFailure::prepare;
    }
    report_done(slot);
    futex_wait(slot.released, std::uint32_t{0});
    raw_exit(0);
}

}  // namespace

Result<void> start_jailed_process(ExecSlot& slot, const JailedProcessPlan& plan) {
    // On the new process's own stack, which is still unused: the caller may be gone before it looks.
    auto* start = reinterpret_cast<Start*>(slot.init_stack);
    *start = {&slot, &plan};
    const int pid = ::clone(init_main, slot.init_stack + ExecSlot::stack_bytes,
                            CLONE_VM | CLONE_FILES | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC, start);
    if (pid < 0) return fail_errno("clone a jailed process", errno);
    slot.init_pid = pid;
    return {};
}

void wake(std::atomic<SlotCommand>& word) {
    raw_syscall(SYS_futex, raw_pointer(&word), FUTEX_WAKE_PRIVATE, 1);
}
void wake(std::atomic<std::uint32_t>& word) {
    raw_syscall(SYS_futex, raw_pointer(&word), FUTEX_WAKE_PRIVATE, 1);
}

}  // namespace hutch::guest_agent
