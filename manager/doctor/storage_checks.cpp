#include "manager/doctor/storage_checks.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "common/sys/file.hpp"
#include "manager/vm/overlay_templates.hpp"

namespace hutch::doctor {

namespace {

constexpr std::uint64_t mib = 1 << 20;
/// A freshly formatted overlay disk takes 136 KiB where holes are kept (measured; overlay_templates.cpp), so
/// far above that they are not.
constexpr std::uint64_t most_for_fresh_disk = 16 * mib;
/// Below this, a handful of guests that install packages fill the disk.
constexpr std::uint64_t comfortable_space = 1024 * mib;

/// "", or why files here cannot share blocks.
std::string reflink_obstacle(const std::filesystem::path& scratch) {
    const auto source = sys::open(scratch / "reflink-source", O_RDWR | O_CREAT | O_EXCL);
    const auto clone = sys::open(scratch / "reflink-clone", O_RDWR | O_CREAT | O_EXCL);
    if (!source) return source.error().message;
    if (!clone) return clone.error().message;
    if (const auto written = sys::write_all(*source, std::string(1 << 16, 'x')); !written)
        return written.error().message;
    if (::ioctl(clone->get(), FICLONE, source->get()) != 0) return std::generic_category().message(errno);
    return {};
}

}  // namespace

std::filesystem::path nearest_existing(const std::filesystem::path& folder) {
    std::filesystem::path path = folder;
    std::error_code error;
    while (path.has_parent_path() && path != path.parent_path() && !std::filesystem::exists(path, error))
        path = path.parent_path();
    return path;
}

Check check_data_folder(const config::Config& config, const std::filesystem::path& scratch) {
    const std::string folder = config.data_dir.string();
    struct statvfs status {};
    if (::statvfs(scratch.c_str(), &status) != 0)
        return {"data folder", Status::failure, fail_errno("statvfs " + folder, errno).value().message};
    if ((status.f_flag & ST_NOEXEC) != 0)
        return {"data folder", Status::failure,
                folder +
                    " is on a filesystem mounted noexec, but the guest's kernel is executed from there; "
                    "mount it with exec or set "
                    "HUTCH_DATA_DIR to another one"};
    if (scratch.parent_path() == config.data_dir) return {"data folder", Status::ok, folder + ", writable"};
    return {"data folder", Status::ok,
            fmt::format("{}, not there yet; {} is writable", folder, scratch.parent_path().string())};
}

Check check_overlay_disks(const config::Config& config, const std::filesystem::path& scratch) {
    vm::OverlayTemplates templates(scratch / "templates");
    const std::filesystem::path disk = scratch / "overlay";
    if (const auto cloned = templates.clone(config.default_disk_mib, disk); !cloned)
        return {"overlay disks", Status::failure,
                fmt::format("one of {} MiB could not be made: {} (mke2fs comes with the package e2fsprogs)",
                            config.default_disk_mib, cloned.error().message)};
    struct stat status {};
    if (::stat(disk.c_str(), &status) != 0)
        return {"overlay disks", Status::failure, fail_errno("stat " + disk.string(), errno).value().message};
    const std::uint64_t allocated =
        static_cast<std::uint64_t>(status.st_blocks) * 512;  // st_blocks counts 512-byte units
    Check check{"overlay disks", Status::ok,
                fmt::format("one of {} MiB was formatted and cloned, {} KiB of it allocated",
                            config.default_disk_mib, allocated / 1024)};
    const std::string obstacle = reflink_obstacle(scratch);
    if (allocated > most_for_fresh_disk) {
        check.status = Status::warning;
        check.text +=
            ": this filesystem fills the holes of files, so every VM takes its whole disk; use ext4, xfs or "
            "btrfs";
    } else if (obstacle.empty()) {
        check.text += ", by reflink";
    } else {
        check.text += fmt::format("; no reflinks here ({}), so what is allocated is copied", obstacle);
    }
    return check;
}

Check check_free_disk(const std::filesystem::path& folder, std::int64_t image_bytes) {
    struct statvfs status {};
    if (::statvfs(folder.c_str(), &status) != 0)
        return {"free disk", Status::warning,
                fail_errno("statvfs " + folder.string(), errno).value().message};
    const std::uint64_t free = std::uint64_t{status.f_bavail} * status.f_frsize;
    const std::uint64_t needed = static_cast<std::uint64_t>(image_bytes);
    Check check{"free disk", Status::ok, fmt::format("{} MiB in the data folder's filesystem", free / mib)};
    if (free < needed) {
        check.status = Status::failure;
        check.text += fmt::format(", but the guest's files alone take up to {} MiB there", needed / mib);
    } else if (free < needed + comfortable_space) {
        check.status = Status::warning;
        check.text += ": little for the disks of VMs";
    }
    return check;
}

}  // namespace hutch::doctor
