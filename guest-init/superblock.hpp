#pragma once

#include <cstddef>
#include <string_view>

namespace hutch::guest_init {

enum class Filesystem { unknown, ext4, squashfs, erofs };

/// What the first bytes of a block device say about the filesystem on it.
struct Superblock {
    Filesystem filesystem = Filesystem::unknown;
    bool has_errors = false;      ///< ext4: the kernel flagged damage that only a check can clear
    bool needs_recovery = false;  ///< ext4: the journal holds what is not in place yet
};

/// Bytes of a device that `read_superblock` wants to see.
inline constexpr std::size_t superblock_bytes = 2048;

/// Never fails: too few bytes or no known magic is Filesystem::unknown.
[[nodiscard]] Superblock read_superblock(std::string_view start_of_device);

/// The name mount(2) knows it by.
[[nodiscard]] const char* name_of(Filesystem filesystem);

}  // namespace hutch::guest_init
