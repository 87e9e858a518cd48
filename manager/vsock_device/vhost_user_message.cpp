#include "manager/vsock_device/vhost_user_message.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace hutch::vsock {

namespace {

constexpr std::uint32_t version_mask = 3;
constexpr std::uint32_t version = 1;
constexpr std::uint32_t flag_reply = 4;
constexpr std::uint64_t ring_index_mask = 0xff;
constexpr std::uint64_t ring_without_descriptor = 0x100;
constexpr std::size_t region_size = 32;

template <class Integer>
Integer read(std::span<const std::byte> bytes, std::size_t at) {
    Integer value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

tl::unexpected<Error> bad_message(const std::string& why) {
    return fail(ErrorKind::invalid_argument, "bad_vhost_user_message", "vhost-user message: " + why);
}

tl::unexpected<Error> bad_size(const char* what, std::size_t size) {
    return bad_message(std::string(what) + " with a payload of " + std::to_string(size) + " bytes");
}

}  // namespace

Result<MessageHeader> parse_message_header(std::span<const std::byte, message_header_size> bytes) {
    const MessageHeader header{read<std::uint32_t>(bytes, 0), read<std::uint32_t>(bytes, 4),
                               read<std::uint32_t>(bytes, 8)};
    if ((header.flags & version_mask) != version) return bad_message("its version is not 1");
    if ((header.flags & flag_reply) != 0) return bad_message("a reply came where a request is due");
    if (header.size > max_message_payload)
        return bad_size(("request " + std::to_string(header.request)).c_str(), header.size);
    return header;
}

std::vector<std::byte> serialise_reply(std::uint32_t request, std::span<const std::byte> payload) {
    const std::uint32_t header[] = {request, version | flag_reply,
                                    static_cast<std::uint32_t>(payload.size())};
    static_assert(sizeof header == message_header_size);
    std::vector<std::byte> bytes(message_header_size + payload.size());
    std::memcpy(bytes.data(), header, sizeof header);
    std::copy(payload.begin(), payload.end(), bytes.begin() + message_header_size);
    return bytes;
}

Result<std::uint64_t> parse_number(std::span<const std::byte> payload) {
    if (payload.size() != 8) return bad_size("a number", payload.size());
    return read<std::uint64_t>(payload, 0);
}

Result<RingState> parse_ring_state(std::span<const std::byte> payload) {
    if (payload.size() != 8) return bad_size("a ring state", payload.size());
    return RingState{read<std::uint32_t>(payload, 0), read<std::uint32_t>(payload, 4)};
}

Result<RingAddresses> parse_ring_addresses(std::span<const std::byte> payload) {
    if (payload.size() != 40) return bad_size("ring addresses", payload.size());
    // bytes 4–7 are flags and the last eight an address, both for logging dirty pages, which is not offered
    return RingAddresses{read<std::uint32_t>(payload, 0), read<std::uint64_t>(payload, 8),
                         read<std::uint64_t>(payload, 16), read<std::uint64_t>(payload, 24)};
}

Result<RingDescriptor> parse_ring_descriptor(std::span<const std::byte> payload) {
    HUTCH_TRY(const std::uint64_t number, parse_number(payload));
    if ((number & ~(ring_index_mask | ring_without_descriptor)) != 0)
        return bad_message("a ring number is out of range");
    return RingDescriptor{static_cast<std::uint32_t>(number & ring_index_mask),
                          (number & ring_without_descriptor) == 0};
}

Result<std::vector<MemoryRegion>> parse_memory_table(std::span<const std::byte> payload) {
    if (payload.size() < 8) return bad_size("a memory table", payload.size());
    const auto count = read<std::uint32_t>(payload, 0);
    if (count == 0 || count > max_memory_regions)
        return bad_message("a memory table names no region or more than 8");
    if (payload.size() < 8 + region_size * count) return bad_size("a memory table", payload.size());
    std::vector<MemoryRegion> regions;
    regions.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = 8 + region_size * i;
        regions.push_back({read<std::uint64_t>(payload, at), read<std::uint64_t>(payload, at + 8),
                           read<std::uint64_t>(payload, at + 16), read<std::uint64_t>(payload, at + 24)});
    }
    return regions;
}

Result<ConfigAccess> parse_config_access(std::span<const std::byte> payload) {
    if (payload.size() < config_header_size) return bad_size("a configuration access", payload.size());
    const ConfigAccess access{read<std::uint32_t>(payload, 0), read<std::uint32_t>(payload, 4)};
    if (access.size != payload.size() - config_header_size)
        return bad_size("a configuration access", payload.size());
    return access;
}

}  // namespace hutch::vsock
