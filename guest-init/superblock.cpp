#include "guest-init/superblock.hpp"

#include <cstdint>

namespace hutch::guest_init {

namespace {

/// All these formats are little-endian.
std::uint32_t number_at(std::string_view bytes, std::size_t offset, std::size_t width) {
    std::uint32_t number = 0;
    for (std::size_t i = width; i-- > 0;)
        number = (number << 8) | static_cast<unsigned char>(bytes[offset + i]);
    return number;
}

// include/uapi/linux/magic.h, and struct ext4_super_block in the kernel's Documentation/filesystems/ext4
constexpr std::uint32_t squashfs_magic = 0x73717368;
constexpr std::uint32_t erofs_magic = 0xE0F5E1E2;
constexpr std::uint32_t ext4_magic = 0xEF53;
constexpr std::size_t superblock_offset = 1024;
constexpr std::size_t ext4_magic_offset = superblock_offset + 0x38;
constexpr std::size_t ext4_state_offset = superblock_offset + 0x3A;
constexpr std::size_t ext4_incompatible_offset = superblock_offset + 0x60;
constexpr std::uint32_t ext4_state_errors = 0x2;
constexpr std::uint32_t ext4_incompatible_recover = 0x4;

}  // namespace

Superblock read_superblock(std::string_view start_of_device) {
    if (start_of_device.size() < superblock_bytes) return {};
    if (number_at(start_of_device, 0, 4) == squashfs_magic) return {.filesystem = Filesystem::squashfs};
    if (number_at(start_of_device, superblock_offset, 4) == erofs_magic)
        return {.filesystem = Filesystem::erofs};
    if (number_at(start_of_device, ext4_magic_offset, 2) != ext4_magic) return {};
    return {
        .filesystem = Filesystem::ext4,
        .has_errors = (number_at(start_of_device, ext4_state_offset, 2) & ext4_state_errors) != 0,
        .needs_recovery =
            (number_at(start_of_device, ext4_incompatible_offset, 4) & ext4_incompatible_recover) != 0,
    };
}

const char* name_of(Filesystem filesystem) {
    switch (filesystem) {
        case Filesystem::ext4:
            return "ext4";
        case Filesystem::squashfs:
            return "squashfs";
        case Filesystem::erofs:
            return "erofs";
        case Filesystem::unknown:
            break;
    }
    return "unknown";
}

}  // namespace hutch::guest_init
