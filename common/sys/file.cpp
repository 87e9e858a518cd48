#include "common/sys/file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hutch::sys {

namespace {

/// One piece of at most a mebibyte, through our memory: for two filesystems that copy_file_range does not
/// join.
Result<ssize_t> copy_piece(const UniqueFd& source, const UniqueFd& destination, off_t* from, off_t* to,
                           std::size_t count) {
    std::vector<char> piece(std::min(count, std::size_t{1} << 20));
    const ssize_t got = ::pread(source.get(), piece.data(), piece.size(), *from);
    if (got < 0) return fail_errno("read", errno);
    for (ssize_t done = 0; done < got;) {
        const ssize_t put = ::pwrite(destination.get(), piece.data() + done,
                                     static_cast<std::size_t>(got - done), *to + done);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return fail_errno("write", errno);
        done += put;
    }
    *from += got;
    *to += got;
    return got;
}

Result<void> copy_data_extents(const UniqueFd& source, const UniqueFd& destination, off_t size) {
    for (off_t at = 0; at < size;) {
        off_t data = ::lseek(source.get(), at, SEEK_DATA);
        if (data < 0) {
            if (errno == ENXIO) break;  // only a hole is left
            return fail_errno("find data extents", errno);
        }
        const off_t hole = ::lseek(source.get(), data, SEEK_HOLE);
        if (hole < 0) return fail_errno("find data extents", errno);
        off_t out = data;
        while (data < hole) {
            const auto count = static_cast<std::size_t>(hole - data);
            ssize_t copied = ::copy_file_range(source.get(), &data, destination.get(), &out, count, 0);
            if (copied < 0 && errno == EINTR) continue;
            if (copied < 0 && (errno == EXDEV || errno == EOPNOTSUPP || errno == EINVAL)) {
                HUTCH_TRY(copied, copy_piece(source, destination, &data, &out, count));
            }
            if (copied < 0) return fail_errno("copy_file_range", errno);
            if (copied == 0) return fail_errno("copy_file_range: source became shorter", EIO);
        }
        at = hole;
    }
    return {};
}

}  // namespace

Result<UniqueFd> open(const std::filesystem::path& path, int flags, mode_t mode) {
    UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
    if (!fd) return fail_errno("open " + path.string(), errno);
    return fd;
}

Result<UniqueFd> open_at(const UniqueFd& directory, const std::string& name, int flags, mode_t mode) {
    UniqueFd fd(::openat(directory.get(), name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd) return fail_errno("open " + name, errno);
    return fd;
}

Result<UniqueFd> open_directory(const std::filesystem::path& path) {
    return sys::open(path, O_PATH | O_DIRECTORY);
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
    HUTCH_TRY(const UniqueFd fd, sys::open(path, O_RDONLY));
    std::string bytes;
    char buffer[16384];
    for (;;) {
        const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno("read " + path.string(), errno);
        if (count == 0) return bytes;
        if (bytes.size() + static_cast<std::size_t>(count) > limit)
            return fail(ErrorKind::payload_too_large, "file_too_large",
                        "read " + path.string() + ": longer than " + std::to_string(limit) + " bytes");
        bytes.append(buffer, static_cast<std::size_t>(count));
    }
}

Result<void> write_all(const UniqueFd& fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(fd.get(), bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno("write", errno);
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

Result<void> write_file_durably(const std::filesystem::path& path, std::string_view bytes, mode_t mode) {
    const std::filesystem::path temporary = path.string() + ".tmp";
    {
        HUTCH_TRY(const UniqueFd fd, sys::open(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode));
        HUTCH_CHECK(write_all(fd, bytes));
        if (::fsync(fd.get()) != 0) return fail_errno("fsync " + temporary.string(), errno);
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0)
        return fail_errno("rename to " + path.string(), errno);
    HUTCH_TRY(const UniqueFd directory, sys::open(path.parent_path(), O_RDONLY | O_DIRECTORY));
    if (::fsync(directory.get()) != 0) return fail_errno("fsync " + path.parent_path().string(), errno);
    return {};
}

Result<void> flush_to_disk(const std::filesystem::path& path) {
    HUTCH_TRY(const UniqueFd fd, sys::open(path, O_RDONLY));
    if (::fsync(fd.get()) != 0) return fail_errno("flush " + path.string(), errno);
    return {};
}

Result<void> make_directories(const std::filesystem::path& path, mode_t mode) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) return {};
    if (path.has_parent_path() && path.parent_path() != path)
        HUTCH_CHECK(make_directories(path.parent_path(), mode));
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST)
        return fail_errno("mkdir " + path.string(), errno);
    return {};
}

Result<void> remove_tree(const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) return fail_errno("remove " + path.string(), error.value());
    return {};
}

Result<void> copy_sparse(const std::filesystem::path& source, const std::filesystem::path& destination,
                         mode_t mode) {
    HUTCH_TRY(const UniqueFd from, sys::open(source, O_RDONLY));
    HUTCH_TRY(const UniqueFd to, sys::open(destination, O_WRONLY | O_CREAT | O_EXCL, mode));
    auto copy = [&]() -> Result<void> {
        if (::ioctl(to.get(), FICLONE, from.get()) == 0) return {};
        struct stat status {};
        if (::fstat(from.get(), &status) != 0) return fail_errno("stat " + source.string(), errno);
        if (::ftruncate(to.get(), status.st_size) != 0) return fail_errno("set size", errno);
        return copy_data_extents(from, to, status.st_size);
    };
    if (auto copied = copy(); !copied) {
        ::unlink(destination.c_str());
        return tl::unexpected(
            copied.error().within("copy " + source.string() + " to " + destination.string()));
    }
    return {};
}

Result<UniqueFd> sealed_memory_file(const std::string& name, std::string_view bytes) {
    UniqueFd fd(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd) return fail_errno("memfd_create", errno);
    HUTCH_CHECK(write_all(fd, bytes));
    if (::lseek(fd.get(), 0, SEEK_SET) < 0) return fail_errno("rewind memory file", errno);
    if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
        return fail_errno("seal memory file", errno);
    return fd;
}

Result<Pipe> make_pipe(int flags) {
    int ends[2];
    if (::pipe2(ends, flags | O_CLOEXEC) != 0) return fail_errno("pipe", errno);
    return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<bool> try_lock(const UniqueFd& fd) {
    while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return false;
        if (errno != EINTR) return fail_errno("flock", errno);
    }
    return true;
}

Result<void> keep_across_exec(const UniqueFd& fd) {
    if (::fcntl(fd.get(), F_SETFD, 0) != 0) return fail_errno("clear close-on-exec", errno);
    return {};
}

}  // namespace hutch::sys
