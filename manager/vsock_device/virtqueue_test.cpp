#include "manager/vsock_device/virtqueue.hpp"

#include <array>

#include <gtest/gtest.h>

#include "manager/vsock_device/testing/ring_driver.hpp"
#include "manager/vsock_device/testing/test_memory.hpp"

namespace hutch::vsock {
namespace {

using fakes::RingDriver;
using fakes::TestMemory;
using Direction = Virtqueue::Direction;
using EventIndex = Virtqueue::EventIndex;

constexpr std::uint64_t buffers = TestMemory::guest_base + 0x8000;

class VirtqueueTest : public ::testing::Test {
protected:
    static constexpr std::uint16_t size = 8;

    [[nodiscard]] Virtqueue::Setup setup(Direction direction,
                                         EventIndex event_index = EventIndex::off) const {
        return {.size = size,
                .descriptors = TestMemory::user_base + driver_.descriptors(),
                .available = TestMemory::user_base + driver_.available(),
                .used = TestMemory::user_base + driver_.used(),
                .direction = direction,
                .event_index = event_index};
    }
    [[nodiscard]] Virtqueue queue(Direction direction = Direction::device_reads,
                                  EventIndex event_index = EventIndex::off) {
        auto created = Virtqueue::create(guest_, setup(direction, event_index));
        if (!created) throw std::runtime_error(created.error().message);
        return *created;
    }
    [[nodiscard]] Result<bool> pop(Virtqueue& from) { return from.pop(storage_, chain_); }
    [[nodiscard]] bool is_corrupt(Virtqueue& from) {
        const auto popped = pop(from);
        return !popped && popped.error().code == "corrupt_ring";
    }

    TestMemory memory_{0x10000};
    GuestMemory guest_ = memory_.map();
    RingDriver driver_{memory_.start(), 0, size};
    std::array<iovec, max_chain_length> storage_;
    Chain chain_;
};

TEST_F(VirtqueueTest, PopsNothingFromAnEmptyRing) {
    Virtqueue ring = queue();
    EXPECT_EQ(pop(ring).value(), false);
}

TEST_F(VirtqueueTest, WalksAChainInOrder) {
    driver_.describe(3, buffers, 10, RingDriver::flag_next, 5);
    driver_.describe(5, buffers + 100, 20, RingDriver::flag_next, 0);
    driver_.describe(0, buffers + 200, 30, 0);
    driver_.make_available(3);
    Virtqueue ring = queue();
    ASSERT_EQ(pop(ring).value(), true);
    EXPECT_EQ(chain_.head, 3);
    EXPECT_EQ(chain_.bytes, 60U);
    ASSERT_EQ(chain_.segments.size(), 3U);
    EXPECT_EQ(chain_.segments[1].iov_len, 20U);
    memory_.start()[0x8000 + 100] = std::byte{9};
    EXPECT_EQ(*static_cast<std::byte*>(chain_.segments[1].iov_base), std::byte{9});
    EXPECT_EQ(pop(ring).value(), false);
}

TEST_F(VirtqueueTest, RewoundChainsComeAgain) {
    driver_.describe(1, buffers, 10, 0);
    driver_.make_available(1);
    Virtqueue ring = queue();
    ASSERT_EQ(pop(ring).value(), true);
    ring.rewind(1);
    ASSERT_EQ(pop(ring).value(), true);
    EXPECT_EQ(chain_.head, 1);
}

TEST_F(VirtqueueTest, UsedChainsReachTheDriverWhenPublished) {
    driver_.describe(2, buffers, 10, RingDriver::flag_write);
    driver_.make_available(2);
    Virtqueue ring = queue(Direction::device_writes);
    ASSERT_EQ(pop(ring).value(), true);
    ring.push(chain_.head, 7);
    EXPECT_FALSE(driver_.take_used());
    EXPECT_TRUE(ring.publish());
    const auto used = driver_.take_used();
    ASSERT_TRUE(used);
    EXPECT_EQ(used->head, 2U);
    EXPECT_EQ(used->written, 7U);
    EXPECT_FALSE(ring.publish()) << "nothing new";
}

TEST_F(VirtqueueTest, GoesOnAfterIndicesWrap) {
    driver_.describe(0, buffers, 10, 0);
    Virtqueue ring = queue();
    for (int i = 0; i < 70000; ++i) {
        driver_.make_available(0);
        ASSERT_EQ(pop(ring).value(), true);
        ring.push(chain_.head, 0);
        ASSERT_TRUE(ring.publish());
        ASSERT_TRUE(driver_.take_used());
    }
}

TEST_F(VirtqueueTest, StartsWhereItIsTold) {
    driver_.describe(4, buffers, 10, 0);
    driver_.set_available_index(0xffff);
    driver_.make_available(4);
    auto wanted = setup(Direction::device_reads);
    wanted.next_available = 0xffff;
    auto ring = Virtqueue::create(guest_, wanted);
    ASSERT_TRUE(ring);
    ASSERT_EQ(pop(*ring).value(), true);
    EXPECT_EQ(chain_.head, 4);
    EXPECT_EQ(ring->next_available(), 0);
}

TEST_F(VirtqueueTest, InterruptsUnlessTheDriverAskedNotTo) {
    Virtqueue ring = queue();
    ring.push(0, 0);
    EXPECT_TRUE(ring.publish());
    driver_.set_interrupt_flags(1);
    ring.push(0, 0);
    EXPECT_FALSE(ring.publish());
}

TEST_F(VirtqueueTest, InterruptsAtTheIndexThatTheDriverNamed) {
    Virtqueue ring = queue(Direction::device_reads, EventIndex::on);
    driver_.set_used_event(2);
    for (const bool expected : {false, false, true, false}) {
        ring.push(0, 0);
        EXPECT_EQ(ring.publish(), expected);
    }
    driver_.set_used_event(5);
    for (int i = 0; i < 3; ++i) ring.push(0, 0);
    EXPECT_TRUE(ring.publish()) << "the index is among several";
}

TEST_F(VirtqueueTest, AsksForKicksAndSeesWhatCameInBetween) {
    Virtqueue ring = queue();
    ring.disable_kicks();
    EXPECT_EQ(driver_.kick_flags(), 1);
    EXPECT_FALSE(ring.enable_kicks());
    EXPECT_EQ(driver_.kick_flags(), 0);
    driver_.describe(0, buffers, 10, 0);
    driver_.make_available(0);
    EXPECT_TRUE(ring.enable_kicks());

    Virtqueue indexed = queue(Direction::device_reads, EventIndex::on);
    ASSERT_EQ(pop(indexed).value(), true);
    EXPECT_FALSE(indexed.enable_kicks());
    EXPECT_EQ(driver_.kick_event(), 1);
}

TEST_F(VirtqueueTest, TakesAChainAsLongAsAllowedAndNoLonger) {
    const std::uint16_t big = 128;
    RingDriver driver(memory_.start(), 0, big);
    for (std::uint16_t i = 0; i < big; ++i)
        driver.describe(i, buffers + i, 1, i == max_chain_length - 1 ? 0 : RingDriver::flag_next,
                        static_cast<std::uint16_t>(i + 1));
    auto wanted = setup(Direction::device_reads);
    wanted.size = big;
    wanted.available = TestMemory::user_base + driver.available();
    wanted.used = TestMemory::user_base + driver.used();
    auto ring = Virtqueue::create(guest_, wanted);
    ASSERT_TRUE(ring);
    driver.make_available(0);
    ASSERT_EQ(pop(*ring).value(), true);
    EXPECT_EQ(chain_.segments.size(), max_chain_length);
    driver.describe(max_chain_length - 1, buffers, 1, RingDriver::flag_next, max_chain_length);
    driver.describe(max_chain_length, buffers, 1, 0);
    driver.make_available(0);
    EXPECT_TRUE(is_corrupt(*ring));
}

TEST_F(VirtqueueTest, RefusesLoops) {
    driver_.describe(0, buffers, 1, RingDriver::flag_next, 1);
    driver_.describe(1, buffers, 1, RingDriver::flag_next, 0);
    driver_.make_available(0);
    Virtqueue ring = queue();
    EXPECT_TRUE(is_corrupt(ring));
}

TEST_F(VirtqueueTest, RefusesADescriptorThatPointsToItself) {
    driver_.describe(0, buffers, 1, RingDriver::flag_next, 0);
    driver_.make_available(0);
    Virtqueue ring = queue();
    EXPECT_TRUE(is_corrupt(ring));
}

TEST_F(VirtqueueTest, RefusesDescriptorNumbersOutOfRange) {
    driver_.make_available(size);
    Virtqueue ring = queue();
    EXPECT_TRUE(is_corrupt(ring)) << "as head";

    driver_.describe(0, buffers, 1, RingDriver::flag_next, size);
    driver_.set_available_index(0);
    driver_.make_available(0);
    Virtqueue other = queue();
    EXPECT_TRUE(is_corrupt(other)) << "as next";
}

TEST_F(VirtqueueTest, RefusesBuffersThatAreNotGuestMemory) {
    const std::uint64_t end = TestMemory::guest_base + memory_.size();
    const std::pair<std::uint64_t, std::uint32_t> bad[] = {
        {0, 1},
        {TestMemory::guest_base - 1, 2},
        {end, 1},
        {end - 1, 2},
        {buffers, 0},
        {buffers, 0xffffffff},
        {~0ULL, 1},
        {~0ULL - 3, 8},
        {TestMemory::user_base, 1},
    };
    for (const auto& [address, length] : bad) {
        driver_.describe(0, address, length, 0);
        driver_.set_available_index(0);
        driver_.make_available(0);
        Virtqueue ring = queue();
        EXPECT_TRUE(is_corrupt(ring)) << address << " + " << length;
    }
}

TEST_F(VirtqueueTest, RefusesTheWrongDirection) {
    driver_.describe(0, buffers, 1, RingDriver::flag_write);
    driver_.make_available(0);
    Virtqueue reads = queue(Direction::device_reads);
    EXPECT_TRUE(is_corrupt(reads));

    driver_.describe(0, buffers, 1, RingDriver::flag_write | RingDriver::flag_next, 1);
    driver_.describe(1, buffers, 1, 0);
    Virtqueue writes = queue(Direction::device_writes);
    EXPECT_TRUE(is_corrupt(writes)) << "mixed";
}

TEST_F(VirtqueueTest, RefusesIndirectDescriptors) {
    driver_.describe(0, buffers, 16, RingDriver::flag_indirect);
    driver_.make_available(0);
    Virtqueue ring = queue();
    EXPECT_TRUE(is_corrupt(ring));
}

TEST_F(VirtqueueTest, RefusesMoreChainsThanTheRingHolds) {
    driver_.set_available_index(size + 1);
    Virtqueue ring = queue();
    EXPECT_TRUE(is_corrupt(ring));
}

// Linux counts the index down when it takes unused buffers back at power-off, before the front-end says that
// rings stop.
TEST_F(VirtqueueTest, TakesAnIndexThatWasCountedDownForAnEmptyRing) {
    driver_.describe(0, buffers, 1, 0);
    for (int i = 0; i < 5; ++i) driver_.make_available(0);
    Virtqueue ring = queue();
    for (int i = 0; i < 5; ++i) ASSERT_EQ(pop(ring).value(), true);
    driver_.set_available_index(2);
    EXPECT_EQ(pop(ring).value(), false);
    EXPECT_FALSE(ring.enable_kicks());
}

TEST_F(VirtqueueTest, RefusesRingsThatCannotBe) {
    const Virtqueue::Setup good = setup(Direction::device_reads);
    ASSERT_TRUE(Virtqueue::create(guest_, good));
    for (const std::uint32_t bad_size : {0U, 3U, 7U, 65536U, 0x80000000U, 0xffffffffU}) {
        auto bad = good;
        bad.size = bad_size;
        EXPECT_FALSE(Virtqueue::create(guest_, bad)) << bad_size;
    }
    for (const auto part :
         {&Virtqueue::Setup::descriptors, &Virtqueue::Setup::available, &Virtqueue::Setup::used}) {
        auto bad = good;
        bad.*part = TestMemory::user_base + memory_.size() - 16;
        EXPECT_FALSE(Virtqueue::create(guest_, bad)) << "reaches past the end";
        bad.*part = 0;
        EXPECT_FALSE(Virtqueue::create(guest_, bad)) << "outside";
        bad.*part = ~0ULL - 15;
        EXPECT_FALSE(Virtqueue::create(guest_, bad)) << "wraps";
        bad.*part = good.*part + 1;
        EXPECT_FALSE(Virtqueue::create(guest_, bad)) << "misaligned";
    }
}

}  // namespace
}  // namespace hutch::vsock
