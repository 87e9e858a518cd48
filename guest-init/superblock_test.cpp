#include "guest-init/superblock.hpp"

#include <string>

#include <gtest/gtest.h>

namespace hutch::guest_init {
namespace {

std::string device_with(std::size_t offset, std::string_view bytes) {
    std::string device(superblock_bytes, '\0');
    return device.replace(offset, bytes.size(), bytes);
}

TEST(Superblock, KnowsTheThreeFormats) {
    EXPECT_EQ(read_superblock(device_with(0, "hsqs")).filesystem, Filesystem::squashfs);
    EXPECT_EQ(read_superblock(device_with(1024, "\xE2\xE1\xF5\xE0")).filesystem, Filesystem::erofs);
    EXPECT_EQ(read_superblock(device_with(1024 + 0x38, "\x53\xEF")).filesystem, Filesystem::ext4);
}

TEST(Superblock, OtherBytesAreUnknown) {
    EXPECT_EQ(read_superblock("").filesystem, Filesystem::unknown);
    EXPECT_EQ(read_superblock("hsqs").filesystem, Filesystem::unknown);
    EXPECT_EQ(read_superblock(std::string(superblock_bytes, '\0')).filesystem, Filesystem::unknown);
    EXPECT_EQ(read_superblock(std::string(superblock_bytes, '\xff')).filesystem, Filesystem::unknown);
}

TEST(Superblock, ReadsExt4State) {
    std::string device = device_with(1024 + 0x38, "\x53\xEF");
    EXPECT_FALSE(read_superblock(device).has_errors);
    EXPECT_FALSE(read_superblock(device).needs_recovery);
    device[1024 + 0x3A] = 0x3;
    EXPECT_TRUE(read_superblock(device).has_errors);
    device[1024 + 0x60] = 0x46;
    EXPECT_TRUE(read_superblock(device).needs_recovery);
}

}  // namespace
}  // namespace hutch::guest_init
