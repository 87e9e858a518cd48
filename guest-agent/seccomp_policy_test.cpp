#include "guest-agent/seccomp_policy.hpp"

#include <functional>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hutch::guest_agent {
namespace {

/// Runs `probe` under the policy in a child and gives what it returned: 0–254, or 255 plus the signal that
/// killed it.
int under_policy(const std::function<int()>& probe) {
    auto program = compile_seccomp_policy();
    if (!program) return -1;
    const pid_t child = ::fork();
    if (child == 0) {
        const sock_fprog filter{static_cast<unsigned short>(program->size()), program->data()};
        if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ::_exit(250);
        if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) ::_exit(251);
        ::_exit(probe());
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255 + WTERMSIG(status);
}

/// The errno of a call with these arguments, 0 when it worked.
int errno_of(long number, long a = 0, long b = 0, long c = 0, long d = 0) {
    return under_policy([=] { return ::syscall(number, a, b, c, d) >= 0 ? 0 : errno; });
}

TEST(SeccompPolicy, OrdinaryCallsPass) {
    EXPECT_EQ(errno_of(SYS_getpid), 0);
    EXPECT_EQ(under_policy([] {
                  const pid_t child = ::fork();
                  if (child == 0) ::_exit(7);
                  int status = 0;
                  return ::waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7 ? 0 : 1;
              }),
              0);
    EXPECT_EQ(errno_of(SYS_personality, 0xffffffff), 0);
    EXPECT_EQ(errno_of(SYS_personality, 0), 0);
    EXPECT_EQ(errno_of(SYS_personality, ADDR_NO_RANDOMIZE), 0);
    EXPECT_EQ(errno_of(SYS_unshare, CLONE_FILES), 0);
    EXPECT_EQ(errno_of(SYS_ioctl, -1, TIOCGWINSZ), EBADF);
}

TEST(SeccompPolicy, SocketFamilies) {
    EXPECT_EQ(errno_of(SYS_socket, AF_UNIX, SOCK_STREAM), 0);
    EXPECT_EQ(errno_of(SYS_socket, AF_INET, SOCK_STREAM), 0);
    EXPECT_EQ(errno_of(SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), 0);
    EXPECT_EQ(errno_of(SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER), EAFNOSUPPORT);
    for (const int family : {0, AF_AX25, AF_KEY, AF_PACKET, AF_TIPC, AF_ALG, AF_VSOCK, AF_XDP, 100})
        EXPECT_EQ(errno_of(SYS_socket, family, SOCK_STREAM), EAFNOSUPPORT) << family;
    // the kernel looks at 32 bits only
    EXPECT_EQ(errno_of(SYS_socket, (1L << 32) | AF_VSOCK, SOCK_STREAM), EAFNOSUPPORT);
}

TEST(SeccompPolicy, NamespacesAndMounts) {
    for (const long flag : {CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC,
                            CLONE_NEWUTS, CLONE_NEWCGROUP}) {
        EXPECT_EQ(errno_of(SYS_unshare, flag), EPERM) << flag;
        EXPECT_EQ(errno_of(SYS_clone, flag | SIGCHLD), EPERM) << flag;
    }
    EXPECT_EQ(errno_of(SYS_clone3), ENOSYS);
    for (const long number : {SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_setns, SYS_open_tree,
                              SYS_move_mount, SYS_fsopen, SYS_mount_setattr, SYS_open_by_handle_at})
        EXPECT_EQ(errno_of(number, -1), EPERM) << number;
}

TEST(SeccompPolicy, KernelSurface) {
    for (const long number :
         {SYS_bpf, SYS_userfaultfd, SYS_perf_event_open, SYS_keyctl, SYS_add_key, SYS_kexec_load,
          SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_reboot, SYS_swapon, SYS_acct,
          SYS_quotactl, SYS_syslog, SYS_iopl, SYS_modify_ldt, SYS_clock_settime, SYS_sethostname})
        EXPECT_EQ(errno_of(number, -1), EPERM) << number;
    for (const long number : {SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register})
        EXPECT_EQ(errno_of(number, -1), ENOSYS) << number;
}

TEST(SeccompPolicy, DodgesFail) {
    EXPECT_EQ(errno_of(SYS_ioctl, -1, TIOCSTI), EPERM);
    EXPECT_EQ(errno_of(SYS_ioctl, -1, TIOCSTI | (1L << 32)), EPERM);
    EXPECT_EQ(errno_of(SYS_ioctl, -1, 0x541C), EPERM);
    EXPECT_EQ(errno_of(SYS_personality, PER_LINUX32), EPERM);
    EXPECT_EQ(errno_of(SYS_personality, READ_IMPLIES_EXEC), EPERM);
    EXPECT_EQ(errno_of(SYS_personality, 0x80000000 | PER_LINUX32), EPERM);
    // x32: the same call with another number
    EXPECT_EQ(errno_of(SYS_getpid | 0x40000000), 255 + SIGSYS);
}

#ifdef __x86_64__
TEST(SeccompPolicy, ThirtyTwoBitCallsKill) {
    EXPECT_EQ(under_policy([] {
                  long result = 20;  // getpid in the 32-bit table
                  asm volatile("int $0x80" : "+a"(result)::"memory", "r8", "r9", "r10", "r11");
                  return 0;
              }),
              255 + SIGSYS);
}
#endif

}  // namespace
}  // namespace hutch::guest_agent
