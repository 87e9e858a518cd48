#include "manager/vsock_device/testing/guest_driver.hpp"

#include <algorithm>
#include <cstring>
#include <span>

namespace hutch::vsock::fakes {

void GuestDriver::post_receive_buffers(std::uint16_t count) {
    for (; count > 0; --count, ++posted_) {
        receive_.describe(
            posted_, TestMemory::guest_base + receive_area + std::uint64_t{receive_buffer_size} * posted_,
            receive_buffer_size, RingDriver::flag_write);
        receive_.make_available(posted_);
    }
}

std::optional<Packet> GuestDriver::take_received() {
    const auto used = receive_.take_used();
    if (!used) return std::nullopt;
    const std::byte* buffer = memory_.start() + receive_area + std::size_t{receive_buffer_size} * used->head;
    PacketHeaderBytes bytes;
    std::memcpy(bytes.data(), buffer, bytes.size());
    Packet packet{parse_packet_header(bytes), {}};
    packet.payload.assign(reinterpret_cast<const char*>(buffer) + packet_header_size,
                          used->written - packet_header_size);
    if (packet.payload.size() != packet.header.length)
        throw std::runtime_error("a packet of another length than it says");
    if (repost_) receive_.make_available(static_cast<std::uint16_t>(used->head));
    return packet;
}

std::size_t GuestDriver::reclaim() {
    std::size_t count = 0;
    while (const auto used = transmit_.take_used()) {
        slot_in_use_[used->head / 2] = false;
        ++count;
    }
    return count;
}

bool GuestDriver::transmit(const PacketHeader& header, std::string_view payload) {
    static_cast<void>(reclaim());
    const auto slot = std::find(slot_in_use_.begin(), slot_in_use_.end(), false);
    if (slot == slot_in_use_.end()) return false;
    *slot = true;
    const auto index = static_cast<std::uint16_t>(slot - slot_in_use_.begin());
    const std::uint64_t at = transmit_area + std::uint64_t{transmit_slot_size} * index;
    const PacketHeaderBytes bytes = serialise_packet_header(header);
    std::memcpy(memory_.start() + at, bytes.data(), bytes.size());
    std::ranges::copy(std::as_bytes(std::span(payload)), memory_.start() + at + 0x1000);
    const auto head = static_cast<std::uint16_t>(2 * index);
    const auto second = static_cast<std::uint16_t>(head + 1);
    transmit_.describe(head, TestMemory::guest_base + at, packet_header_size,
                       payload.empty() ? 0 : RingDriver::flag_next, second);
    if (!payload.empty())
        transmit_.describe(second, TestMemory::guest_base + at + 0x1000,
                           static_cast<std::uint32_t>(payload.size()), 0);
    transmit_.make_available(head);
    return true;
}

Virtqueue::Setup GuestDriver::setup_of(const RingDriver& ring, Virtqueue::Direction direction,
                                       Virtqueue::EventIndex event_index) {
    return {.size = ring.size(),
            .descriptors = TestMemory::user_base + ring.descriptors(),
            .available = TestMemory::user_base + ring.available(),
            .used = TestMemory::user_base + ring.used(),
            .direction = direction,
            .event_index = event_index};
}

PacketHeader guest_header(Operation operation, std::uint32_t guest_port, std::uint32_t host_port,
                          std::uint32_t length, std::uint32_t flags) {
    return {.source_cid = 3,
            .destination_cid = host_cid,
            .source_port = guest_port,
            .destination_port = host_port,
            .length = length,
            .operation = static_cast<std::uint16_t>(operation),
            .flags = flags,
            .buffer_allocation = 256 * 1024,
            .forwarded_count = 0};
}

}  // namespace hutch::vsock::fakes
