#include "manager/vsock_device/packet.hpp"

#include <bit>
#include <cstring>

namespace hutch::vsock {

namespace {

// fields are copied in their memory order; the project builds for little-endian hosts only
static_assert(std::endian::native == std::endian::little);

template <class Integer>
std::size_t take(std::span<const std::byte, packet_header_size> bytes, std::size_t at, Integer& field) {
    std::memcpy(&field, bytes.data() + at, sizeof field);
    return at + sizeof field;
}

template <class Integer>
std::size_t put(PacketHeaderBytes& bytes, std::size_t at, Integer field) {
    std::memcpy(bytes.data() + at, &field, sizeof field);
    return at + sizeof field;
}

}  // namespace

PacketHeader parse_packet_header(std::span<const std::byte, packet_header_size> bytes) {
    PacketHeader header;
    std::size_t at = 0;
    at = take(bytes, at, header.source_cid);
    at = take(bytes, at, header.destination_cid);
    at = take(bytes, at, header.source_port);
    at = take(bytes, at, header.destination_port);
    at = take(bytes, at, header.length);
    at = take(bytes, at, header.type);
    at = take(bytes, at, header.operation);
    at = take(bytes, at, header.flags);
    at = take(bytes, at, header.buffer_allocation);
    take(bytes, at, header.forwarded_count);
    return header;
}

PacketHeaderBytes serialise_packet_header(const PacketHeader& header) {
    PacketHeaderBytes bytes{};
    std::size_t at = 0;
    at = put(bytes, at, header.source_cid);
    at = put(bytes, at, header.destination_cid);
    at = put(bytes, at, header.source_port);
    at = put(bytes, at, header.destination_port);
    at = put(bytes, at, header.length);
    at = put(bytes, at, header.type);
    at = put(bytes, at, header.operation);
    at = put(bytes, at, header.flags);
    at = put(bytes, at, header.buffer_allocation);
    put(bytes, at, header.forwarded_count);
    return bytes;
}

}  // namespace hutch::vsock
