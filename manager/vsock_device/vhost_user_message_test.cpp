#include "manager/vsock_device/vhost_user_message.hpp"

#include <cstring>

#include <gtest/gtest.h>

namespace hutch::vsock {
namespace {

std::vector<std::byte> bytes_of(std::initializer_list<std::uint32_t> words) {
    std::vector<std::byte> bytes(words.size() * 4);
    std::memcpy(bytes.data(), std::data(words), bytes.size());
    return bytes;
}

Result<MessageHeader> header(std::uint32_t request, std::uint32_t flags, std::uint32_t size) {
    const std::vector<std::byte> bytes = bytes_of({request, flags, size});
    return parse_message_header(std::span<const std::byte>(bytes).first<message_header_size>());
}

TEST(VhostUserMessage, ParsesAHeader) {
    const auto parsed = header(5, 9, 40);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->request, 5U);
    EXPECT_EQ(parsed->size, 40U);
    EXPECT_TRUE(parsed->needs_reply());
    EXPECT_FALSE(header(5, 1, 0)->needs_reply());
}

TEST(VhostUserMessage, RefusesHeadersOfOtherVersionsRepliesAndGiants) {
    EXPECT_FALSE(header(1, 0, 0));
    EXPECT_FALSE(header(1, 2, 0));
    EXPECT_FALSE(header(1, 5, 0)) << "a reply";
    EXPECT_TRUE(header(1, 1, max_message_payload));
    EXPECT_FALSE(header(1, 1, max_message_payload + 1));
    EXPECT_FALSE(header(1, 1, 0xffffffff));
}

TEST(VhostUserMessage, RefusesPayloadsOfTheWrongSize) {
    for (std::size_t size = 0; size <= 64; ++size) {
        const std::vector<std::byte> payload(size);
        EXPECT_EQ(parse_number(payload).has_value(), size == 8);
        EXPECT_EQ(parse_ring_state(payload).has_value(), size == 8);
        EXPECT_EQ(parse_ring_addresses(payload).has_value(), size == 40);
        EXPECT_EQ(parse_ring_descriptor(payload).has_value(), size == 8);
        EXPECT_EQ(parse_config_access(payload).has_value(), size == 12) << "a size of zero fits no content";
        EXPECT_FALSE(parse_memory_table(payload)) << "no region";
    }
}

TEST(VhostUserMessage, ReadsRings) {
    const auto state = parse_ring_state(bytes_of({2, 256}));
    ASSERT_TRUE(state);
    EXPECT_EQ(state->index, 2U);
    EXPECT_EQ(state->number, 256U);
    const auto addresses = parse_ring_addresses(bytes_of({1, 0, 2, 0, 3, 0, 4, 0, 5, 0}));
    ASSERT_TRUE(addresses);
    EXPECT_EQ(addresses->index, 1U);
    EXPECT_EQ(addresses->descriptors, 2U);
    EXPECT_EQ(addresses->used, 3U);
    EXPECT_EQ(addresses->available, 4U);
    EXPECT_TRUE(parse_ring_descriptor(bytes_of({2, 0}))->present);
    EXPECT_FALSE(parse_ring_descriptor(bytes_of({0x102, 0}))->present);
    EXPECT_FALSE(parse_ring_descriptor(bytes_of({0x202, 0}))) << "unknown bits";
    EXPECT_FALSE(parse_ring_descriptor(bytes_of({2, 1})));
}

// Versions of user-mode Linux send one region in a payload that has room for two.
TEST(VhostUserMessage, TakesAMemoryTableWithRoomToSpare) {
    for (const std::size_t room : {40U, 72U}) {
        auto payload = bytes_of({1, 0, 0x1000, 0, 0x2000, 0, 0x3000, 0, 0x4000, 0});
        payload.resize(room);
        const auto regions = parse_memory_table(payload);
        ASSERT_TRUE(regions);
        ASSERT_EQ(regions->size(), 1U);
        EXPECT_EQ(regions->front().guest_address, 0x1000U);
        EXPECT_EQ(regions->front().size, 0x2000U);
        EXPECT_EQ(regions->front().user_address, 0x3000U);
        EXPECT_EQ(regions->front().file_offset, 0x4000U);
    }
}

TEST(VhostUserMessage, RefusesMemoryTablesThatCountMoreThanTheyHold) {
    auto payload = bytes_of({2, 0, 0x1000, 0, 0x2000, 0, 0x3000, 0, 0x4000, 0});
    EXPECT_FALSE(parse_memory_table(payload));
    for (const std::uint32_t count : {0U, 9U, 0xffffffffU, 0x08000001U}) {
        payload.resize(max_message_payload);
        std::memcpy(payload.data(), &count, sizeof count);
        EXPECT_FALSE(parse_memory_table(payload)) << count;
    }
}

TEST(VhostUserMessage, ConfigurationAccessNamesItsOwnSize) {
    EXPECT_TRUE(parse_config_access(bytes_of({0, 8, 0, 0, 0})));
    EXPECT_FALSE(parse_config_access(bytes_of({0, 4, 0, 0, 0})));
    EXPECT_FALSE(parse_config_access(bytes_of({0, 0xffffffff, 0, 0, 0})));
}

TEST(VhostUserMessage, SerialisesReplies) {
    EXPECT_EQ(serialise_reply(15, bytes_of({7, 0})), bytes_of({15, 5, 8, 7, 0}));
}

}  // namespace
}  // namespace hutch::vsock
