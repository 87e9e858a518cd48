#include "common/sys/mount.hpp"

#include <cerrno>

#include <sys/mount.h>
#include <sys/stat.h>

namespace hutch::sys {

namespace {

const char* null_if_empty(const std::string& text) {
    return text.empty() ? nullptr : text.c_str();
}

}  // namespace

Result<void> mount(const Mount& mount) {
    if (::mount(null_if_empty(mount.source), mount.target.c_str(), null_if_empty(mount.type), mount.flags,
                null_if_empty(mount.options)) != 0) {
        const int error = errno;
        return fail_errno("mount " + (mount.source.empty() ? mount.type : mount.source) + " on " +
                              mount.target + (mount.type.empty() ? "" : " as " + mount.type),
                          error);
    }
    return {};
}

Result<void> bind_mount(const std::string& source, const std::string& target, unsigned long flags) {
    return sys::mount({.source = source, .target = target, .flags = MS_BIND | flags});
}

Result<void> set_mount_flags(const std::string& target, unsigned long flags) {
    return sys::mount({.target = target, .flags = MS_BIND | MS_REMOUNT | flags});
}

Result<void> unmount(const std::string& target, int flags) {
    if (::umount2(target.c_str(), flags) != 0) return fail_errno("unmount " + target, errno);
    return {};
}

Result<void> make_directory(const std::string& path, mode_t mode) {
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST)
        return fail_errno("make directory " + path, errno);
    return {};
}

}  // namespace hutch::sys
