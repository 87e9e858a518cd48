#include "manager/vsock_device/packet.hpp"

#include <gtest/gtest.h>

namespace hutch::vsock {
namespace {

constexpr PacketHeader sample{.source_cid = 0x0807060504030201,
                              .destination_cid = 0x100f0e0d0c0b0a09,
                              .source_port = 0x14131211,
                              .destination_port = 0x18171615,
                              .length = 0x1c1b1a19,
                              .type = 0x1e1d,
                              .operation = 0x201f,
                              .flags = 0x24232221,
                              .buffer_allocation = 0x28272625,
                              .forwarded_count = 0x2c2b2a29};

TEST(Packet, SerialisesFieldsInTheOrderOfTheStandard) {
    const PacketHeaderBytes bytes = serialise_packet_header(sample);
    for (std::size_t i = 0; i < bytes.size(); ++i) EXPECT_EQ(std::to_integer<std::size_t>(bytes[i]), i + 1);
}

TEST(Packet, ParsesWhatItSerialises) {
    EXPECT_EQ(parse_packet_header(serialise_packet_header(sample)), sample);
}

}  // namespace
}  // namespace hutch::vsock
