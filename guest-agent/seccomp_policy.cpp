#include "guest-agent/seccomp_policy.hpp"

#include <cerrno>
#include <memory>

#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/sys/unique_fd.hpp"

namespace hutch::guest_agent {

namespace {

constexpr unsigned long namespace_flags = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                          CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME;
// asm-generic/ioctls.h; their names clash between headers
constexpr scmp_datum_t tiocsti = 0x5412;
constexpr scmp_datum_t tioclinux = 0x541C;
constexpr scmp_datum_t low_half = 0xFFFFFFFFU;
constexpr scmp_datum_t addr_no_randomize = 0x0040000;  // what debuggers ask personality(2) for

struct Refusal {
    int error;
    const char* syscall;
};

/// Refused whatever the arguments. By name, so that a call that libseccomp does not know yet is found when
/// hutch is built.
constexpr Refusal refusals[] = {
    // other views of the filesystem
    {EPERM, "mount"},
    {EPERM, "umount2"},
    {EPERM, "pivot_root"},
    {EPERM, "chroot"},
    {EPERM, "move_mount"},
    {EPERM, "open_tree"},
    {EPERM, "fsopen"},
    {EPERM, "fsconfig"},
    {EPERM, "fsmount"},
    {EPERM, "fspick"},
    {EPERM, "mount_setattr"},
    {EPERM, "setns"},
    {EPERM, "open_by_handle_at"},
    {EPERM, "fanotify_init"},
    {EPERM, "quotactl"},
    {EPERM, "quotactl_fd"},
    {EPERM, "acct"},
    {EPERM, "swapon"},
    {EPERM, "swapoff"},
    // its flags are in memory, where a filter can't look; libc falls back to clone
    {ENOSYS, "clone3"},
    // interfaces with a history of kernel bugs that programs do without
    {EPERM, "bpf"},
    {ENOSYS, "io_uring_setup"},
    {ENOSYS, "io_uring_enter"},
    {ENOSYS, "io_uring_register"},
    {EPERM, "userfaultfd"},
    {EPERM, "perf_event_open"},
    {EPERM, "keyctl"},
    {EPERM, "add_key"},
    {EPERM, "request_key"},
    {EPERM, "vmsplice"},
    {EPERM, "lookup_dcookie"},
    {EPERM, "modify_ldt"},
    {EPERM, "move_pages"},
    {EPERM, "migrate_pages"},
    {ENOSYS, "memfd_secret"},
    // the machine
    {EPERM, "kexec_load"},
    {EPERM, "kexec_file_load"},
    {EPERM, "init_module"},
    {EPERM, "finit_module"},
    {EPERM, "delete_module"},
    {EPERM, "reboot"},
    {EPERM, "iopl"},
    {EPERM, "ioperm"},
    {EPERM, "syslog"},
    {EPERM, "settimeofday"},
    {EPERM, "clock_settime"},
    {EPERM, "sethostname"},
    {EPERM, "setdomainname"},
    {EPERM, "vhangup"},
    {ENOSYS, "uselib"},
    {ENOSYS, "sysfs"},
    {ENOSYS, "ustat"},
};

using Context = std::unique_ptr<void, decltype(&seccomp_release)>;

Result<void> checked(int result, const std::string& attempt) {
    if (result != 0) return fail_errno("seccomp policy: " + attempt, -result);
    return {};
}

Result<void> add(const Context& context, int error, const char* name,
                 std::vector<scmp_arg_cmp> conditions = {}) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR)
        return fail(ErrorKind::internal, "seccomp", std::string("libseccomp does not know ") + name);
    return checked(
        seccomp_rule_add_array(context.get(), SCMP_ACT_ERRNO(static_cast<std::uint16_t>(error)), number,
                               static_cast<unsigned>(conditions.size()), conditions.data()),
        std::string("rule for ") + name);
}

/// Sockets of the allowed families only: AF_UNIX (1), AF_INET (2), AF_INET6 (10), AF_NETLINK (16) with
/// NETLINK_ROUTE. The other numbers are refused range by range; AF_VSOCK (40), the way to the host, is among
/// them.
Result<void> add_socket_rules(const Context& context) {
    for (const char* call : {"socket", "socketpair"}) {
        HUTCH_CHECK(add(context, EAFNOSUPPORT, call, {SCMP_A0_32(SCMP_CMP_GT, AF_NETLINK)}));
        for (unsigned family = 0; family < AF_NETLINK; ++family) {
            if (family == AF_UNIX || family == AF_INET || family == AF_INET6) continue;
            HUTCH_CHECK(add(context, EAFNOSUPPORT, call, {SCMP_A0_32(SCMP_CMP_EQ, family)}));
        }
    }
    return add(context, EAFNOSUPPORT, "socket",
               {SCMP_A0_32(SCMP_CMP_EQ, AF_NETLINK), SCMP_A2_32(SCMP_CMP_NE, 0)});
}

/// personality(2) may ask (all ones) and choose plain Linux, with or without address randomization. A rule
/// compares an argument once, so: no other bit without bit 31, and no bit 31 without all others.
Result<void> add_personality_rules(const Context& context) {
    constexpr scmp_datum_t top = 0x80000000U;
    for (unsigned shift = 0; shift < 31; ++shift) {
        const scmp_datum_t bit = scmp_datum_t{1} << shift;
        if (bit != addr_no_randomize)
            HUTCH_CHECK(add(context, EPERM, "personality", {SCMP_A0(SCMP_CMP_MASKED_EQ, top | bit, bit)}));
        HUTCH_CHECK(add(context, EPERM, "personality", {SCMP_A0(SCMP_CMP_MASKED_EQ, top | bit, top)}));
    }
    return {};
}

Result<void> add_rules(const Context& context) {
    for (const Refusal& refusal : refusals) HUTCH_CHECK(add(context, refusal.error, refusal.syscall));
    for (unsigned bit = 0; bit < 32; ++bit) {
        const scmp_datum_t flag = scmp_datum_t{1} << bit;
        if ((namespace_flags & flag) == 0) continue;
        HUTCH_CHECK(add(context, EPERM, "unshare", {SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag)}));
        // CLONE_NEWTIME shares its bit with clone's exit signal
        if (flag != CLONE_NEWTIME)
            HUTCH_CHECK(add(context, EPERM, "clone", {SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag)}));
    }
    // Only the low half counts for the kernel; a filter that compared all 64 bits could be dodged.
    HUTCH_CHECK(add(context, EPERM, "ioctl", {SCMP_A1(SCMP_CMP_MASKED_EQ, low_half, tiocsti)}));
    HUTCH_CHECK(add(context, EPERM, "ioctl", {SCMP_A1(SCMP_CMP_MASKED_EQ, low_half, tioclinux)}));
    HUTCH_CHECK(add_personality_rules(context));
    return add_socket_rules(context);
}

Result<std::vector<sock_filter>> export_program(const Context& context) {
    const sys::UniqueFd file(::memfd_create("seccomp", MFD_CLOEXEC));
    if (!file) return fail_errno("memfd_create", errno);
    HUTCH_CHECK(checked(seccomp_export_bpf(context.get(), file.get()), "export"));
    const off_t bytes = ::lseek(file.get(), 0, SEEK_END);
    std::vector<sock_filter> program(static_cast<std::size_t>(bytes) / sizeof(sock_filter));
    if (::pread(file.get(), program.data(), static_cast<std::size_t>(bytes), 0) != bytes)
        return fail_errno("read the policy", errno);
    return program;
}

}  // namespace

Result<std::vector<sock_filter>> compile_seccomp_policy() {
    const Context context(seccomp_init(SCMP_ACT_ALLOW), &seccomp_release);
    if (!context) return fail_errno("seccomp_init", ENOMEM);
    // 32-bit and x32 system calls would pass by every rule below
    HUTCH_CHECK(checked(seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS),
                        "other architectures"));
    // a binary tree over the call's number: every system call of user code runs through the program
    HUTCH_CHECK(checked(seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimization"));
    HUTCH_CHECK(add_rules(context));
    return export_program(context);
}

}  // namespace hutch::guest_agent
