// Theory of operation: the parts are first taken as detached copies of mounts (open_tree), the writable ones
// resolved inside the image's root, so that a symbolic link of the image can't point a mount elsewhere. Then
// everything is unmounted from the new namespace, and the parts are put together in the new root.

#include "guest-agent/jail.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/guest_contract.hpp"
#include "common/guest_layout.hpp"
#include "common/sys/file.hpp"
#include "common/sys/mount.hpp"

namespace hutch::guest_agent {

namespace {

struct Part {
    const char* source;
    const char* target;
};

// in the image's root
constexpr Part writable_parts[] = {{"/home/user", "/workspace"}, {"/tmp", "/tmp"}, {"/var/tmp", "/var/tmp"}};
// made by hutch-init
constexpr Part identity_parts[] = {{"/run/identity/hostname", "/etc/hostname"},
                                   {"/run/identity/hosts", "/etc/hosts"},
                                   {"/run/identity/resolv.conf", "/etc/resolv.conf"},
                                   {"/run/identity/machine-id", "/etc/machine-id"}};

struct Device {
    const char* path;
    unsigned minor_number;
    unsigned major_number;
};
// Documentation/admin-guide/devices.txt
constexpr Device devices[] = {{"/dev/null", 3, 1},   {"/dev/zero", 5, 1},    {"/dev/full", 7, 1},
                              {"/dev/random", 8, 1}, {"/dev/urandom", 9, 1}, {"/dev/tty", 0, 5}};
constexpr Part links[] = {{"/proc/self/fd", "/dev/fd"},
                          {"/proc/self/fd/0", "/dev/stdin"},
                          {"/proc/self/fd/1", "/dev/stdout"},
                          {"/proc/self/fd/2", "/dev/stderr"},
                          {"pts/ptmx", "/dev/ptmx"}};

/// In a folder that user code can't enter.
constexpr char private_folder[] = "/dev/.hutch";
constexpr char cpu_description_path[] = "/dev/.hutch/cpuinfo";

struct DetachedPart {
    sys::UniqueFd mount;
    const char* target;
};

Result<sys::UniqueFd> copy_of_mount(const char* path) {
    sys::UniqueFd mount(
        static_cast<int>(::syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
    if (!mount) return fail_errno(std::string("jail: copy mount ") + path, errno);
    return mount;
}

Result<void> attach(const sys::UniqueFd& mount, const char* target) {
    if (::syscall(SYS_move_mount, mount.get(), "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) != 0)
        return fail_errno(std::string("jail: mount ") + target, errno);
    return {};
}

Result<void> make_read_only(const sys::UniqueFd& mount) {
    struct mount_attr attributes {};
    attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    if (::syscall(SYS_mount_setattr, mount.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0)
        return fail_errno("jail: make the root read-only", errno);
    return {};
}

Result<void> change_root(const char* path) {
    if (::chdir(path) != 0 || ::chroot(".") != 0)
        return fail_errno(std::string("jail: change root to ") + path, errno);
    return {};
}

/// Makes the directories that an image may lack; on the VM's disk, once.
Result<void> complete_image() {
    struct Directory {
        const char* path;
        mode_t mode;
        uid_t owner;
    };
    constexpr uid_t user = guest_contract::user_id;
    constexpr Directory needed[] = {{"/workspace", 0755, 0}, {"/home", 0755, 0}, {"/home/user", 0755, user},
                                    {"/tmp", 01777, 0},      {"/var", 0755, 0},  {"/var/tmp", 01777, 0},
                                    {"/proc", 0555, 0},      {"/dev", 0755, 0}};
    for (const Directory& directory : needed) {
        if (::access(directory.path, F_OK) == 0) continue;
        HUTCH_CHECK(sys::make_directory(directory.path, directory.mode));
        if (::chmod(directory.path, directory.mode) != 0 ||
            ::chown(directory.path, directory.owner, directory.owner) != 0)
            return fail_errno(std::string("jail: set up ") + directory.path, errno);
    }
    return {};
}

Result<void> build_devices(std::string_view cpus) {
    HUTCH_CHECK(sys::mount({.source = "dev",
                            .target = "/dev",
                            .type = "tmpfs",
                            .flags = MS_NOSUID | MS_NOEXEC,
                            .options = "mode=0755,size=64k"}));
    const mode_t mask = ::umask(0);
    for (const Device& device : devices)
        if (::mknod(device.path, S_IFCHR | 0666, makedev(device.major_number, device.minor_number)) != 0)
            return fail_errno(std::string("jail: make ") + device.path, errno);
    ::umask(mask);
    for (const Part& link : links)
        if (::symlink(link.source, link.target) != 0)
            return fail_errno(std::string("jail: link ") + link.target, errno);
    HUTCH_CHECK(sys::make_directory("/dev/pts", 0755));
    HUTCH_CHECK(sys::make_directory("/dev/shm", 01777));
    HUTCH_CHECK(sys::make_directory(private_folder, 0700));
    HUTCH_TRY(const sys::UniqueFd file, sys::open(cpu_description_path, O_WRONLY | O_CREAT, 0444));
    return sys::write_all(file, cpus);
}

Result<void> drop_capability_bounds() {
    for (int capability = 0;; ++capability) {
        if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
        if (errno == EINVAL && capability > CAP_CHOWN) return {};  // the kernel knows no more
        return fail_errno("jail: drop capability " + std::to_string(capability), errno);
    }
}

}  // namespace

Result<void> enter_jail() {
    if (::unshare(CLONE_NEWNS | CLONE_FS) != 0) return fail_errno("jail: new mount namespace", errno);
    HUTCH_CHECK(sys::mount({.target = "/", .flags = MS_REC | MS_PRIVATE}));

    HUTCH_TRY(const std::string cpus, sys::read_file("/proc/cpuinfo", 1 << 20));
    std::vector<DetachedPart> parts;
    HUTCH_TRY(const sys::UniqueFd root, copy_of_mount(guest_layout::merged));
    HUTCH_CHECK(make_read_only(root));
    for (const Part& part : identity_parts) {
        HUTCH_TRY(sys::UniqueFd mount, copy_of_mount(part.source));
        HUTCH_CHECK(make_read_only(mount));
        parts.push_back({std::move(mount), part.target});
    }

    const sys::UniqueFd initramfs(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    HUTCH_CHECK(sys::make_directory(guest_layout::jail, 0755));
    HUTCH_CHECK(change_root(guest_layout::merged));
    HUTCH_CHECK(complete_image());
    for (const Part& part : writable_parts) {
        HUTCH_TRY(sys::UniqueFd mount, copy_of_mount(part.source));
        parts.push_back({std::move(mount), part.target});
    }
    if (::fchdir(initramfs.get()) != 0 || ::chroot(".") != 0)
        return fail_errno("jail: back to the initramfs", errno);

    for (const char* mounted :
         {guest_layout::merged, guest_layout::overlay, guest_layout::lower, "/sys", "/dev", "/proc"})
        HUTCH_CHECK(sys::unmount(mounted, MNT_DETACH));
    HUTCH_CHECK(attach(root, guest_layout::jail));
    HUTCH_CHECK(change_root(guest_layout::jail));
    for (const DetachedPart& part : parts) {
        // an image without /etc/hosts goes without ours
        if (auto attached = attach(part.mount, part.target); !attached && ::access(part.target, F_OK) == 0)
            return attached;
    }
    HUTCH_CHECK(build_devices(cpu_description(cpus)));
    return drop_capability_bounds();
}

std::vector<ProcCover> proc_covers() {
    std::vector<ProcCover> covers{{cpu_description_path, "/proc/cpuinfo"}};
    for (const char* entry :
         {"/proc/cmdline", "/proc/keys", "/proc/key-users", "/proc/timer_list", "/proc/kallsyms",
          "/proc/config.gz", "/proc/kcore", "/proc/kmsg", "/proc/sysrq-trigger"}) {
        struct stat status {};
        // What only root may open needs no cover: nobody in the jail is root.
        if (::stat(entry, &status) == 0 && (status.st_mode & 0006) != 0)
            covers.push_back({"/dev/null", entry});
    }
    return covers;
}

std::string cpu_description(std::string_view of_kernel) {
    if (of_kernel.find("User Mode Linux") == std::string_view::npos) return std::string(of_kernel);
    std::string text;
    while (!of_kernel.empty()) {
        const std::size_t end = std::min(of_kernel.find('\n'), of_kernel.size() - 1) + 1;
        const std::string_view line = of_kernel.substr(0, end);
        of_kernel.remove_prefix(end);
        if (!line.starts_with("host")) text += line;
        if (line.starts_with("processor")) text += "core id\t\t: 0\n";
    }
    return text;
}

}  // namespace hutch::guest_agent
