#pragma once

// The virtio-vsock packet header (virtio 1.2, section 5.10.6): 44 bytes, little-endian, in front of every
// packet on the receive and transmit queues. Pure functions, any thread; every byte sequence of the right
// length parses, whether the values make sense is the muxer's decision.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace hutch::vsock {

inline constexpr std::size_t packet_header_size = 44;

/// The context id of the host.
inline constexpr std::uint64_t host_cid = 2;

/// Socket types on the wire.
inline constexpr std::uint16_t type_stream = 1;

/// What a packet asks for.
enum class Operation : std::uint16_t {
    invalid = 0,
    request = 1,         ///< open a connection
    response = 2,        ///< the connection is open
    reset = 3,           ///< there is no such connection (any more)
    shutdown = 4,        ///< the sender will not send, or not receive, any more: see `shutdown_…`
    data = 5,            ///< payload (OP_RW)
    credit_update = 6,   ///< only to carry buf_alloc and fwd_cnt
    credit_request = 7,  ///< asks for a credit_update
};

/// Flags of Operation::shutdown.
inline constexpr std::uint32_t shutdown_receive = 1;
inline constexpr std::uint32_t shutdown_send = 2;
inline constexpr std::uint32_t shutdown_both = shutdown_receive | shutdown_send;

/// A header in host byte order, field by field as on the wire.
struct PacketHeader {
    std::uint64_t source_cid = 0;
    std::uint64_t destination_cid = 0;
    std::uint32_t source_port = 0;
    std::uint32_t destination_port = 0;
    std::uint32_t length = 0;  ///< payload bytes that follow
    std::uint16_t type = type_stream;
    std::uint16_t operation = 0;  ///< an Operation, or anything else when a guest sent it
    std::uint32_t flags = 0;
    std::uint32_t buffer_allocation = 0;  ///< bytes the sender can buffer for this connection
    std::uint32_t forwarded_count = 0;    ///< bytes the sender has handed on so far, modulo 2³²

    friend bool operator==(const PacketHeader&, const PacketHeader&) = default;
};

using PacketHeaderBytes = std::array<std::byte, packet_header_size>;

[[nodiscard]] PacketHeader parse_packet_header(std::span<const std::byte, packet_header_size> bytes);
[[nodiscard]] PacketHeaderBytes serialise_packet_header(const PacketHeader& header);

}  // namespace hutch::vsock
