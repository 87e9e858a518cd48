#pragma once

// Files and directories: the system calls hutch uses, wrapped once. Every descriptor is close-on-exec.

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "common/result.hpp"
#include "common/sys/unique_fd.hpp"

namespace hutch::sys {

/// open(2) with O_CLOEXEC added. `mode` counts when O_CREAT is given.
[[nodiscard]] Result<UniqueFd> open(const std::filesystem::path& path, int flags, mode_t mode = 0600);
/// openat(2) with O_CLOEXEC and O_NOFOLLOW added.
[[nodiscard]] Result<UniqueFd> open_at(const UniqueFd& directory, const std::string& name, int flags,
                                       mode_t mode = 0600);
/// An O_PATH descriptor of a directory.
[[nodiscard]] Result<UniqueFd> open_directory(const std::filesystem::path& path);

/// The whole file, at most `limit` bytes; longer is an error, never a truncation.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit);
/// Writes all of `bytes`, interrupted or partial writes continued.
[[nodiscard]] Result<void> write_all(const UniqueFd& fd, std::string_view bytes);
/// Replaces `path` atomically and durably: temporary file beside it, fsync, rename, fsync of the directory.
[[nodiscard]] Result<void> write_file_durably(const std::filesystem::path& path, std::string_view bytes,
                                              mode_t mode);

/// fsync(2) of a file or directory by its path.
[[nodiscard]] Result<void> flush_to_disk(const std::filesystem::path& path);

/// mkdir -p with `mode` for the directories it makes.
[[nodiscard]] Result<void> make_directories(const std::filesystem::path& path, mode_t mode = 0700);
/// rm -rf that never follows a symbolic link. A path that is not there is success.
[[nodiscard]] Result<void> remove_tree(const std::filesystem::path& path);

/// Copies a file so that holes stay holes: FICLONE where the filesystem can, else SEEK_DATA with
/// copy_file_range. `destination` must not exist; it is removed again when the copy fails.
[[nodiscard]] Result<void> copy_sparse(const std::filesystem::path& source,
                                       const std::filesystem::path& destination, mode_t mode);

/// A sealed memory file with `bytes`, positioned at 0; close-on-exec.
[[nodiscard]] Result<UniqueFd> sealed_memory_file(const std::string& name, std::string_view bytes);

struct Pipe {
    UniqueFd read_end;
    UniqueFd write_end;
};
/// pipe2(2); `flags` besides O_CLOEXEC, such as O_NONBLOCK.
[[nodiscard]] Result<Pipe> make_pipe(int flags = 0);

/// Takes the exclusive flock(2) of an open file, for as long as the descriptor lives. False: another process
/// has it.
[[nodiscard]] Result<bool> try_lock(const UniqueFd& fd);

/// Sets or clears close-on-exec.
[[nodiscard]] Result<void> keep_across_exec(const UniqueFd& fd);

}  // namespace hutch::sys
