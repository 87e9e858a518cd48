#include "guest-init/root.hpp"

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/guest_layout.hpp"
#include "common/sys/file.hpp"
#include "common/sys/mount.hpp"
#include "guest-init/console.hpp"
#include "guest-init/superblock.hpp"

namespace hutch::guest_init {

namespace {

using guest_layout::lower;
using guest_layout::merged;
using guest_layout::overlay;

Result<Superblock> superblock_of(const std::string& device, std::string_view role) {
    const std::string attempt = "the " + std::string(role) + " device " + device;
    const sys::UniqueFd fd(::open(device.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return fail_errno("open " + attempt, errno);
    char start[superblock_bytes];
    const ssize_t count = ::pread(fd.get(), start, sizeof start, 0);
    if (count < 0) return fail_errno("read " + attempt, errno);
    const Superblock superblock = read_superblock({start, static_cast<std::size_t>(count)});
    if (superblock.filesystem == Filesystem::unknown)
        return fail(ErrorKind::internal, "unknown_filesystem",
                    attempt + " holds neither ext4, squashfs nor erofs");
    return superblock;
}

Result<void> mount_image(const std::string& device) {
    HUTCH_TRY(const Superblock superblock, superblock_of(device, "image"));
    // A journal on a read-only device can't be replayed.
    const bool skip_journal = superblock.filesystem == Filesystem::ext4 && superblock.needs_recovery;
    return sys::mount({.source = device,
                       .target = lower,
                       .type = name_of(superblock.filesystem),
                       .flags = MS_RDONLY | MS_NOATIME,
                       .options = skip_journal ? "noload" : ""});
}

/// Runs the image's e2fsck on the disk, inside the image. Only the exit code matters, see e2fsck(8).
void check_disk(const std::string& device) {
    say("disk " + device + " is flagged as damaged; checking it");
    const std::string devices = std::string(lower) + "/dev";
    if (auto bound = sys::bind_mount("/dev", devices); !bound)
        return say("cannot check the disk: " + bound.error().message);
    const pid_t child = ::fork();
    if (child == 0) {
        if (::chroot(lower) == 0 && ::chdir("/") == 0)
            ::execl("/sbin/e2fsck", "e2fsck", "-p", device.c_str(), static_cast<char*>(nullptr));
        ::_exit(127);
    }
    int status = 0;
    if (child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status)) {
        const int code = WEXITSTATUS(status);
        if (code == 127)
            say("cannot check the disk: the image has no /sbin/e2fsck that runs; going on with the disk as "
                "it is");
        else
            say("e2fsck ended with exit code " + std::to_string(code) +
                (code < 4 ? ": mended" : ": damage remains"));
    }
    if (auto released = sys::unmount(devices); !released) say(released.error().message);
}

Result<void> mount_disk(const std::string& device) {
    HUTCH_TRY(const Superblock superblock, superblock_of(device, "overlay"));
    if (superblock.filesystem != Filesystem::ext4)
        return fail(
            ErrorKind::internal, "unknown_filesystem",
            "the overlay device " + device + " holds " + name_of(superblock.filesystem) + ", not ext4");
    if (superblock.has_errors) check_disk(device);
    // noinit_itable: the kernel would zero inode tables in the background and so allocate them in the sparse
    // file. discard: blocks of deleted files return to the host.
    auto mounted = sys::mount({.source = device,
                               .target = overlay,
                               .type = "ext4",
                               .flags = MS_NOATIME | MS_NOSUID | MS_NODEV,
                               .options = "noinit_itable,discard,errors=remount-ro"});
    if (!mounted) return tl::unexpected(mounted.error().within("the VM's disk is damaged or unreadable"));
    return {};
}

Result<void> merge() {
    const std::string upper = std::string(overlay) + "/upper";
    const std::string work = std::string(overlay) + "/work";
    HUTCH_CHECK(sys::make_directory(upper, 0755));
    HUTCH_CHECK(sys::make_directory(work, 0700));
    return sys::mount(
        {.source = "overlay",
         .target = merged,
         .type = "overlay",
         .flags = MS_NOATIME | MS_NOSUID | MS_NODEV,
         .options = "lowerdir=" + std::string(lower) + ",upperdir=" + upper + ",workdir=" + work});
}

Result<void> write_control(const std::string& path, std::string_view text) {
    const sys::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd) return fail_errno("open " + path, errno);
    if (auto written = sys::write_all(fd, text); !written)
        return tl::unexpected(written.error().within(path));
    return {};
}

}  // namespace

Result<void> mount_kernel_filesystems() {
    constexpr unsigned long plain = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    auto proc = sys::mount({.source = "proc", .target = "/proc", .type = "proc", .flags = plain});
    if (!proc && ::access("/proc/self", F_OK) != 0) return proc;
    HUTCH_CHECK(sys::mount(
        {.source = "devtmpfs", .target = "/dev", .type = "devtmpfs", .flags = MS_NOSUID | MS_NOEXEC}));
    HUTCH_CHECK(sys::mount({.source = "sysfs", .target = "/sys", .type = "sysfs", .flags = plain}));
    HUTCH_CHECK(
        sys::mount({.source = "cgroup2", .target = guest_layout::cgroup, .type = "cgroup2", .flags = plain}));
    HUTCH_CHECK(
        write_control(std::string(guest_layout::cgroup) + "/cgroup.subtree_control", "+cpu +memory +pids"));
    HUTCH_CHECK(sys::make_directory(guest_layout::exec_cgroup, 0755));
    return write_control(std::string(guest_layout::exec_cgroup) + "/cgroup.subtree_control",
                         "+cpu +memory +pids");
}

Result<void> assemble_root(const KernelArguments& arguments) {
    for (const char* directory : {lower, overlay, merged}) HUTCH_CHECK(sys::make_directory(directory, 0755));
    HUTCH_CHECK(mount_image(arguments.image));
    HUTCH_CHECK(mount_disk(arguments.overlay));
    return merge();
}

void release_root() {
    if (auto released = sys::unmount(merged, MNT_DETACH); !released) say(released.error().message);
    if (auto released = sys::unmount(overlay); !released) {
        say(released.error().message + "; making it read-only instead");
        auto made = sys::mount({.target = overlay, .flags = MS_REMOUNT | MS_RDONLY});
        if (!made) say(made.error().message);
    }
    if (auto released = sys::unmount(lower); !released) say(released.error().message);
}

}  // namespace hutch::guest_init
