#include "manager/jail/root.hpp"

#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/sys/file.hpp"
#include "common/sys/unique_fd.hpp"

// Theory of operation: every source is first cloned into a detached mount (open_tree) and given its
// attributes there, so there is no moment at which something is visible with more rights than it should have.
// Then a fresh tmpfs is put over "/", the detached mounts are attached inside it, it becomes the root
// (pivot_root onto itself) and the host's tree is unmounted. Last, the tmpfs itself turns read-only.

namespace hutch::jail {

namespace {

using sys::UniqueFd;

constexpr std::uint64_t hardened = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

Result<UniqueFd> checked(long fd, const std::string& what) {
    if (fd < 0) return fail_errno(what, errno);
    return UniqueFd(static_cast<int>(fd));
}

Result<void> set_attributes(const UniqueFd& mount, std::uint64_t attributes, const std::string& what) {
    mount_attr attribute{};
    attribute.attr_set = attributes;
    attribute.propagation = MS_PRIVATE;
    if (::syscall(SYS_mount_setattr, mount.get(), "", AT_EMPTY_PATH, &attribute, sizeof attribute) != 0)
        return fail_errno("set attributes of " + what, errno);
    return {};
}

Result<UniqueFd> new_tmpfs(std::uint64_t size_bytes, const char* mode) {
    HUTCH_TRY(const UniqueFd context,
              checked(::syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC), "fsopen tmpfs"));
    const std::string size = std::to_string(size_bytes);
    if (::syscall(SYS_fsconfig, context.get(), FSCONFIG_SET_STRING, "size", size.c_str(), 0) != 0 ||
        ::syscall(SYS_fsconfig, context.get(), FSCONFIG_SET_STRING, "mode", mode, 0) != 0 ||
        ::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
        return fail_errno("configure tmpfs", errno);
    return checked(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, hardened), "fsmount tmpfs");
}

Result<UniqueFd> detached(const Mount& mount) {
    if (mount.kind == MountKind::tmpfs) return new_tmpfs(mount.size_bytes, "1777");
    HUTCH_TRY(UniqueFd tree, checked(::syscall(SYS_open_tree, AT_FDCWD, mount.source.c_str(),
                                               OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW),
                                     "open " + mount.source));
    std::uint64_t attributes = MOUNT_ATTR_NOSUID;
    if (mount.kind != MountKind::device) attributes |= MOUNT_ATTR_NODEV;
    if (mount.kind != MountKind::read_write) attributes |= MOUNT_ATTR_RDONLY;
    if (mount.kind == MountKind::read_write) attributes |= MOUNT_ATTR_NOEXEC;
    HUTCH_CHECK(set_attributes(tree, attributes, mount.source));
    return tree;
}

/// Makes the file or directory that `mount` is put on, inside the new root.
Result<void> make_target(const UniqueFd& root, const Mount& mount) {
    const std::string relative = mount.target.substr(1);
    if (const auto slash = relative.find('/'); slash != std::string::npos) {
        if (::mkdirat(root.get(), relative.substr(0, slash).c_str(), 0755) != 0 && errno != EEXIST)
            return fail_errno("make directory for " + mount.target, errno);
    }
    if (mount.kind == MountKind::tmpfs) {
        if (::mkdirat(root.get(), relative.c_str(), 0755) != 0)
            return fail_errno("make " + mount.target, errno);
        return {};
    }
    const UniqueFd file(
        ::openat(root.get(), relative.c_str(), O_CREAT | O_EXCL | O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0400));
    if (!file) return fail_errno("make " + mount.target, errno);
    return {};
}

Result<void> attach(const UniqueFd& mount, int directory, const char* path, const std::string& what) {
    if (::syscall(SYS_move_mount, mount.get(), "", directory, path, MOVE_MOUNT_F_EMPTY_PATH) != 0)
        return fail_errno("mount " + what, errno);
    return {};
}

}  // namespace

Result<void> enter_root(const std::vector<Mount>& mounts) {
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        return fail_errno("make mounts private", errno);
    std::vector<UniqueFd> trees;
    for (const Mount& mount : mounts) {
        if (mount.target.size() < 2 || mount.target[0] != '/')
            return fail(ErrorKind::invalid_argument, "bad_specification",
                        "jail mount target " + mount.target);
        HUTCH_TRY(UniqueFd tree, detached(mount));
        trees.push_back(std::move(tree));
    }
    HUTCH_TRY(const UniqueFd root, new_tmpfs(1 << 16, "0755"));
    HUTCH_CHECK(attach(root, AT_FDCWD, "/", "new root"));
    if (::fchdir(root.get()) != 0) return fail_errno("enter new root", errno);
    for (std::size_t index = 0; index < mounts.size(); ++index) {
        HUTCH_CHECK(make_target(root, mounts[index]));
        HUTCH_CHECK(attach(trees[index], root.get(), mounts[index].target.c_str() + 1, mounts[index].target));
    }
    if (::syscall(SYS_pivot_root, ".", ".") != 0) return fail_errno("pivot_root", errno);
    if (::umount2(".", MNT_DETACH) != 0) return fail_errno("unmount the host's tree", errno);
    if (::chdir("/") != 0) return fail_errno("chdir /", errno);
    return set_attributes(root, hardened | MOUNT_ATTR_RDONLY, "new root");
}

}  // namespace hutch::jail
