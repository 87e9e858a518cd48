#include "manager/jail/policy.hpp"

#include <cerrno>
#include <span>
#include <string>

#include <sched.h>
#include <seccomp.h>
#include <sys/socket.h>

namespace hutch::jail {

namespace {

/// What both programs need: memory, descriptors, time, signals, the end.
constexpr int common_calls[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(lseek),
    SCMP_SYS(mmap),
    SCMP_SYS(munmap),
    SCMP_SYS(mprotect),
    SCMP_SYS(brk),
    SCMP_SYS(madvise),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(fcntl),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(eventfd2),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(futex),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(arch_prctl),
    SCMP_SYS(prlimit64),
    SCMP_SYS(getrandom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),
    SCMP_SYS(shutdown),
    SCMP_SYS(connect),
    SCMP_SYS(execve),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(uname),
    SCMP_SYS(ioctl),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
};

/// User-mode Linux: the disks, the memory file, and the guest's processes, which it starts and traces as host
/// processes.
constexpr int uml_calls[] = {
    SCMP_SYS(open),          SCMP_SYS(openat),
    SCMP_SYS(stat),          SCMP_SYS(lstat),
    SCMP_SYS(access),        SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),    SCMP_SYS(getcwd),
    SCMP_SYS(unlink),        SCMP_SYS(unlinkat),
    SCMP_SYS(mkdir),         SCMP_SYS(mkdirat),
    SCMP_SYS(rmdir),         SCMP_SYS(chmod),
    SCMP_SYS(fchmod),        SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate),     SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),     SCMP_SYS(preadv),
    SCMP_SYS(pwritev),       SCMP_SYS(dup),
    SCMP_SYS(dup2),          SCMP_SYS(dup3),
    SCMP_SYS(pipe),          SCMP_SYS(pipe2),
    SCMP_SYS(getdents64),    SCMP_SYS(memfd_create),
    SCMP_SYS(execveat),      SCMP_SYS(fork),
    SCMP_SYS(vfork),         SCMP_SYS(wait4),
    SCMP_SYS(waitid),        SCMP_SYS(kill),
    SCMP_SYS(tgkill),        SCMP_SYS(tkill),
    SCMP_SYS(ptrace),        SCMP_SYS(prctl),
    SCMP_SYS(getppid),       SCMP_SYS(getpgrp),
    SCMP_SYS(setpgid),       SCMP_SYS(setsid),
    SCMP_SYS(getuid),        SCMP_SYS(geteuid),
    SCMP_SYS(getgid),        SCMP_SYS(getegid),
    SCMP_SYS(umask),         SCMP_SYS(select),
    SCMP_SYS(pselect6),      SCMP_SYS(pause),
    SCMP_SYS(rt_sigsuspend), SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(rt_sigpending), SCMP_SYS(rt_sigqueueinfo),
    SCMP_SYS(timer_create),  SCMP_SYS(timer_settime),
    SCMP_SYS(timer_gettime), SCMP_SYS(timer_getoverrun),
    SCMP_SYS(timer_delete),  SCMP_SYS(setitimer),
    SCMP_SYS(getitimer),     SCMP_SYS(alarm),
    SCMP_SYS(clock_getres),  SCMP_SYS(clock_settime),
    SCMP_SYS(getrlimit),     SCMP_SYS(setrlimit),
    SCMP_SYS(getrusage),     SCMP_SYS(mremap),
    SCMP_SYS(msync),         SCMP_SYS(mincore),
    SCMP_SYS(bind),          SCMP_SYS(listen),
    SCMP_SYS(accept),        SCMP_SYS(accept4),
    SCMP_SYS(getsockname),   SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),    SCMP_SYS(close_range),
    SCMP_SYS(signalfd4),     SCMP_SYS(epoll_create),
    SCMP_SYS(statfs),        SCMP_SYS(fstatfs),
};

constexpr int vsock_device_calls[] = {
    SCMP_SYS(accept4),        SCMP_SYS(getsockopt),      SCMP_SYS(prctl),
    SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),     SCMP_SYS(mremap),          SCMP_SYS(tgkill),
};

/// Owns a libseccomp filter under construction.
class Filter {
public:
    explicit Filter(scmp_filter_ctx context) : context_(context) {}
    ~Filter() { seccomp_release(context_); }
    Filter(const Filter&) = delete;
    Filter& operator=(const Filter&) = delete;

    Result<void> allow(std::span<const int> calls) {
        for (const int call : calls)
            if (const int error = seccomp_rule_add(context_, SCMP_ACT_ALLOW, call, 0); error != 0)
                return fail_errno("allow system call " + std::to_string(call), -error);
        return {};
    }
    Result<void> allow_when(int call, scmp_arg_cmp comparison) {
        if (const int error = seccomp_rule_add(context_, SCMP_ACT_ALLOW, call, 1, comparison); error != 0)
            return fail_errno("allow system call " + std::to_string(call), -error);
        return {};
    }
    /// As on a kernel that does not know the call: the C library then uses an older one.
    Result<void> hide(int call) {
        if (const int error = seccomp_rule_add(context_, SCMP_ACT_ERRNO(ENOSYS), call, 0); error != 0)
            return fail_errno("hide system call " + std::to_string(call), -error);
        return {};
    }
    Result<void> load() {
        // the search through the list is on the path of every system call: let libseccomp make a tree of it
        if (const int error = seccomp_attr_set(context_, SCMP_FLTATR_CTL_OPTIMIZE, 2); error != 0)
            return fail_errno("optimise seccomp filter", -error);
        if (const int error = seccomp_load(context_); error != 0)
            return fail_errno("load seccomp filter", -error);
        return {};
    }

private:
    scmp_filter_ctx context_;
};

}  // namespace

Result<void> install_policy(Policy policy) {
    Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
    HUTCH_CHECK(filter.allow(common_calls));
    // local sockets only: no network of any kind, AF_VSOCK included
    HUTCH_CHECK(filter.allow_when(SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_UNIX)));
    HUTCH_CHECK(filter.allow_when(SCMP_SYS(socketpair), SCMP_A0(SCMP_CMP_EQ, AF_UNIX)));
    if (policy == Policy::vsock_device) {
        HUTCH_CHECK(filter.allow(vsock_device_calls));
        return filter.load();
    }
    HUTCH_CHECK(filter.allow(uml_calls));
    // new processes and threads, but no new namespaces; clone3's flags are in memory, out of a filter's sight
    HUTCH_CHECK(filter.hide(SCMP_SYS(clone3)));
    constexpr std::uint64_t namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                         CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
    HUTCH_CHECK(filter.allow_when(SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces, 0)));
    return filter.load();
}

}  // namespace hutch::jail
