#pragma once

// The system calls of hutch-vsock from its execve to its end, error paths included: what a seccomp allow-list
// needs. program_test.cpp runs the program under exactly this list.

#include <array>

#include <sys/syscall.h>

namespace hutch::vsock {

/// socket(2) is only called with AF_UNIX, prctl(2) only with PR_SET_DUMPABLE and PR_SET_NO_NEW_PRIVS.
inline constexpr std::array system_calls = {
    // start of a static program
    SYS_execve,
    SYS_arch_prctl,
    SYS_set_tid_address,
    SYS_set_robust_list,
    SYS_rseq,
    SYS_readlink,
    SYS_getrandom,
    SYS_mprotect,
    // memory: the heap, the guest's memory, buffers for slow host programs
    SYS_brk,
    SYS_mmap,
    SYS_munmap,
    SYS_newfstatat,
    // isolation and limits
    SYS_prctl,
    SYS_prlimit64,
    SYS_rt_sigaction,
    // the event loop; the time comes from the vDSO, and from the kernel where there is none
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_wait,
    SYS_clock_gettime,
    SYS_restart_syscall,
    // sockets, interrupts, messages to stderr
    SYS_socket,
    SYS_connect,
    SYS_accept4,
    SYS_recvfrom,
    SYS_recvmsg,
    SYS_sendto,
    SYS_sendmsg,
    SYS_shutdown,
    SYS_fcntl,
    SYS_write,
    SYS_close,
    // the end: in order, or by the C library's abort
    SYS_exit_group,
    SYS_writev,
    SYS_rt_sigprocmask,
    SYS_getpid,
    SYS_gettid,
    SYS_tgkill,
};

}  // namespace hutch::vsock
