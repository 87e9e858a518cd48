#pragma once

// The guest's driver of a vsock device, for tests: memory, rings and buffers, and packets through them. It
// says whatever it is told to; what it keeps to itself is only which of its buffers are in use.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manager/vsock_device/packet.hpp"
#include "manager/vsock_device/testing/ring_driver.hpp"
#include "manager/vsock_device/testing/test_memory.hpp"
#include "manager/vsock_device/virtqueue.hpp"

namespace hutch::vsock::fakes {

struct Packet {
    PacketHeader header;
    std::string payload;

    [[nodiscard]] Operation operation() const { return static_cast<Operation>(header.operation); }
};

class GuestDriver {
public:
    static constexpr std::uint16_t ring_size = 128;
    static constexpr std::uint32_t receive_buffer_size = 2048;
    static constexpr std::uint16_t transmit_slots = 16;
    static constexpr std::uint32_t transmit_slot_size = 0x11000;

    GuestDriver() = default;

    /// Offers `count` more receive buffers, each once.
    void post_receive_buffers(std::uint16_t count);
    /// The next packet that arrived; its buffer is offered again unless `keep_buffers` was called.
    [[nodiscard]] std::optional<Packet> take_received();
    void keep_buffers() { repost_ = false; }

    /// Sends a packet, as a chain of a header and, when there is some, a payload. False when all slots are in
    /// use.
    [[nodiscard]] bool transmit(const PacketHeader& header, std::string_view payload = {});
    /// Packets that the device has used so far.
    [[nodiscard]] std::size_t reclaim();

    [[nodiscard]] TestMemory& memory() { return memory_; }
    [[nodiscard]] RingDriver& receive_ring() { return receive_; }
    [[nodiscard]] RingDriver& transmit_ring() { return transmit_; }
    [[nodiscard]] RingDriver& event_ring() { return event_; }
    [[nodiscard]] static Virtqueue::Setup setup_of(
        const RingDriver& ring, Virtqueue::Direction direction,
        Virtqueue::EventIndex event_index = Virtqueue::EventIndex::on);
    /// Where in memory the transmit buffers are: free for tests that write descriptors themselves.
    static constexpr std::uint64_t transmit_area = 0x80000;

private:
    static constexpr std::uint64_t receive_area = 0x10000;

    TestMemory memory_{transmit_area + std::size_t{transmit_slots} * transmit_slot_size};
    RingDriver receive_{memory_.start(), 0x0000, ring_size};
    RingDriver transmit_{memory_.start(), 0x4000, ring_size};
    RingDriver event_{memory_.start(), 0x8000, ring_size};
    std::uint16_t posted_ = 0;
    bool repost_ = true;
    std::array<bool, transmit_slots> slot_in_use_{};
};

/// A packet header from the guest with CID 3 to the host, with 256 KiB of credit.
[[nodiscard]] PacketHeader guest_header(Operation operation, std::uint32_t guest_port,
                                        std::uint32_t host_port, std::uint32_t length = 0,
                                        std::uint32_t flags = 0);

}  // namespace hutch::vsock::fakes
