#include "manager/vsock_device/guest_memory.hpp"

#include <limits>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "manager/vsock_device/testing/test_memory.hpp"

namespace hutch::vsock {
namespace {

using fakes::TestMemory;

constexpr std::size_t page = 4096;

Result<GuestMemory> create(const TestMemory& memory, const std::vector<MemoryRegion>& regions) {
    std::vector<sys::UniqueFd> files;
    for (std::size_t i = 0; i < regions.size(); ++i) files.emplace_back(::dup(memory.file().get()));
    return GuestMemory::create(regions, files);
}

TEST(GuestMemory, FindsAddressesInsideARegion) {
    const TestMemory memory(4 * page);
    const GuestMemory guest = memory.map();
    memory.start()[page + 5] = std::byte{42};
    ASSERT_NE(guest.at_guest_address(TestMemory::guest_base + page + 5, 1), nullptr);
    EXPECT_EQ(*guest.at_guest_address(TestMemory::guest_base + page + 5, 1), std::byte{42});
    EXPECT_EQ(*guest.at_user_address(TestMemory::user_base + page + 5, 1), std::byte{42});
    EXPECT_NE(guest.at_guest_address(TestMemory::guest_base, 4 * page), nullptr);
}

TEST(GuestMemory, RefusesAddressesOutsideAndAcrossTheEdges) {
    const TestMemory memory(4 * page);
    const GuestMemory guest = memory.map();
    const std::uint64_t base = TestMemory::guest_base;
    EXPECT_EQ(guest.at_guest_address(base - 1, 1), nullptr);
    EXPECT_EQ(guest.at_guest_address(base - 1, 2), nullptr);
    EXPECT_EQ(guest.at_guest_address(base + 4 * page, 1), nullptr);
    EXPECT_EQ(guest.at_guest_address(base + 4 * page - 1, 2), nullptr);
    EXPECT_EQ(guest.at_guest_address(base, 4 * page + 1), nullptr);
    EXPECT_EQ(guest.at_guest_address(0, 1), nullptr);
    EXPECT_EQ(guest.at_guest_address(TestMemory::user_base, 1), nullptr);
}

TEST(GuestMemory, RefusesLengthsThatWrapAround) {
    const TestMemory memory(4 * page);
    const GuestMemory guest = memory.map();
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    EXPECT_EQ(guest.at_guest_address(TestMemory::guest_base, most), nullptr);
    EXPECT_EQ(guest.at_guest_address(TestMemory::guest_base + 1, most), nullptr);
    EXPECT_EQ(guest.at_guest_address(most, 2), nullptr);
    EXPECT_EQ(guest.at_guest_address(most - TestMemory::guest_base + 1, TestMemory::guest_base), nullptr);
}

TEST(GuestMemory, RefusesAnEmptyRange) {
    const TestMemory memory(page);
    EXPECT_EQ(memory.map().at_guest_address(TestMemory::guest_base, 0), nullptr);
}

TEST(GuestMemory, MapsRegionsThatDoNotStartOnAPage) {
    const TestMemory memory(4 * page);
    memory.start()[page + 24] = std::byte{7};
    const auto guest = create(memory, {{0x1000, page, 0x2000, page + 24}});
    ASSERT_TRUE(guest);
    EXPECT_EQ(*guest->at_guest_address(0x1000, page), std::byte{7});
}

TEST(GuestMemory, DoesNotJoinNeighbouringRegions) {
    const TestMemory memory(2 * page);
    const auto guest = create(memory, {{0x1000, page, 0x11000, 0}, {0x2000, page, 0x12000, page}});
    ASSERT_TRUE(guest);
    EXPECT_NE(guest->at_guest_address(0x2000, page), nullptr);
    EXPECT_EQ(guest->at_guest_address(0x1fff, 2), nullptr);
}

TEST(GuestMemory, RefusesTablesThatMakeNoSense) {
    const TestMemory memory(2 * page);
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    EXPECT_FALSE(create(memory, {})) << "no region";
    EXPECT_FALSE(create(memory, std::vector<MemoryRegion>(9, {0, page, 0, 0}))) << "too many";
    EXPECT_FALSE(create(memory, {{0, 0, 0, 0}})) << "empty";
    EXPECT_FALSE(create(memory, {{0, 2 * page + 1, 0, 0}})) << "longer than the file";
    EXPECT_FALSE(create(memory, {{0, page, 0, page + 1}})) << "past the end of the file";
    EXPECT_FALSE(create(memory, {{0, page, 0, most}})) << "offset wraps";
    EXPECT_FALSE(create(memory, {{0, page, 0, most - page + 1}})) << "offset plus size wraps to zero";
    EXPECT_FALSE(create(memory, {{most, page, 0, 0}})) << "guest address wraps";
    EXPECT_FALSE(create(memory, {{0, page, most, 0}})) << "front-end address wraps";
    EXPECT_FALSE(create(memory, {{0, page, 0, 0}, {page - 1, page, 0x10000, 0}}))
        << "guest addresses overlap";
    EXPECT_FALSE(create(memory, {{0, page, 0, 0}, {0x10000, page, page - 1, 0}}))
        << "front-end addresses overlap";
}

TEST(GuestMemory, RefusesWhatIsNotAFile) {
    std::vector<sys::UniqueFd> files;
    files.emplace_back(::open("/dev/zero", O_RDWR | O_CLOEXEC));
    const MemoryRegion region{0, page, 0, 0};
    EXPECT_FALSE(GuestMemory::create(std::span(&region, 1), files));
    EXPECT_FALSE(GuestMemory::create(std::span(&region, 1), {})) << "a region without a file";
}

}  // namespace
}  // namespace hutch::vsock
