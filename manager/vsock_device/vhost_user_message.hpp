#pragma once

// The messages of the vhost-user protocol that a vsock device meets, as bytes and as structures. Pure
// functions, any thread. Numbers and layouts are those of the protocol's specification (QEMU,
// docs/interop/vhost-user.rst).

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/result.hpp"
#include "manager/vsock_device/guest_memory.hpp"

namespace hutch::vsock {

enum class Request : std::uint32_t {
    get_features = 1,
    set_features = 2,
    set_owner = 3,
    set_memory_table = 5,
    set_ring_size = 8,
    set_ring_addresses = 9,
    set_ring_base = 10,
    get_ring_base = 11,
    set_ring_kick = 12,
    set_ring_call = 13,
    set_ring_error = 14,
    get_protocol_features = 15,
    set_protocol_features = 16,
    get_queue_count = 17,
    set_ring_enable = 18,
    set_backend_request_fd = 21,
    get_config = 24,
    set_config = 25,
};

inline constexpr std::size_t message_header_size = 12;
/// The largest payload accepted: a memory table of eight regions.
inline constexpr std::size_t max_message_payload = 8 + 32 * max_memory_regions;
/// Bytes in front of the content in the payload of get_config and set_config: offset, size, flags.
inline constexpr std::size_t config_header_size = 12;
/// The most descriptors that come with one message.
inline constexpr std::size_t max_message_descriptors = max_memory_regions;

struct MessageHeader {
    std::uint32_t request = 0;
    std::uint32_t flags = 0;
    std::uint32_t size = 0;  ///< payload bytes that follow

    /// The sender wants an acknowledgement (protocol feature REPLY_ACK).
    [[nodiscard]] bool needs_reply() const { return (flags & 8U) != 0; }
};

/// Fails for a version other than 1, a reply where a request is due, or a payload above max_message_payload.
[[nodiscard]] Result<MessageHeader> parse_message_header(
    std::span<const std::byte, message_header_size> bytes);

/// A reply to `request` with `payload`.
[[nodiscard]] std::vector<std::byte> serialise_reply(std::uint32_t request,
                                                     std::span<const std::byte> payload);

/// Payload: one 64-bit number.
[[nodiscard]] Result<std::uint64_t> parse_number(std::span<const std::byte> payload);

/// Payload: a ring and a number.
struct RingState {
    std::uint32_t index = 0;
    std::uint32_t number = 0;
};
[[nodiscard]] Result<RingState> parse_ring_state(std::span<const std::byte> payload);

/// Payload: where the parts of a ring are, in the front-end's addresses.
struct RingAddresses {
    std::uint32_t index = 0;
    std::uint64_t descriptors = 0;
    std::uint64_t used = 0;
    std::uint64_t available = 0;
};
[[nodiscard]] Result<RingAddresses> parse_ring_addresses(std::span<const std::byte> payload);

/// Payload: the number of a ring whose descriptor comes along, or is said not to exist.
struct RingDescriptor {
    std::uint32_t index = 0;
    bool present = false;
};
[[nodiscard]] Result<RingDescriptor> parse_ring_descriptor(std::span<const std::byte> payload);

/// Payload: memory regions. The payload may be longer than the regions that it counts need: user-mode Linux
/// sends one region in a payload made for two.
[[nodiscard]] Result<std::vector<MemoryRegion>> parse_memory_table(std::span<const std::byte> payload);

/// Payload: a part of the device's configuration space.
struct ConfigAccess {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
};
[[nodiscard]] Result<ConfigAccess> parse_config_access(std::span<const std::byte> payload);

}  // namespace hutch::vsock
