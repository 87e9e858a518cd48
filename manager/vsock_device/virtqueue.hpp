#pragma once

// The device's side of one split virtqueue (virtio 1.2, section 2.7): takes descriptor chains that the driver
// made available and hands them back as used. Indirect descriptors are not offered and count as corruption.
//
// The rings are memory that the guest writes at any time: indices are read and written as atomics, a
// descriptor is copied once and then checked. A chain that loops, is too long, names memory outside the
// guest's or mixes directions is an error that ends the device: the ring cannot be trusted any more.
//
// One thread. Pointers into guest memory stay valid as long as the GuestMemory that the queue was made with.

#include <cstddef>
#include <cstdint>
#include <span>

#include <sys/uio.h>

#include "common/result.hpp"
#include "manager/vsock_device/guest_memory.hpp"

namespace hutch::vsock {

/// The largest ring accepted, in descriptors (the limit of split rings).
inline constexpr std::uint32_t max_queue_size = 32768;
/// The most descriptors in one chain. Linux uses at most 18 (a header and MAX_SKB_FRAGS pages).
inline constexpr std::size_t max_chain_length = 64;

/// One chain of buffers; `segments` point into guest memory.
struct Chain {
    std::uint16_t head = 0;
    std::span<iovec> segments;
    std::uint64_t bytes = 0;  ///< of all segments
};

class Virtqueue {
public:
    /// What the chains of this queue are for.
    enum class Direction { device_reads, device_writes };
    /// Whether VIRTIO_RING_F_EVENT_IDX was negotiated.
    enum class EventIndex { off, on };

    struct Setup {
        std::uint32_t size = 0;         ///< descriptors: a power of two, at most max_queue_size
        std::uint64_t descriptors = 0;  ///< front-end addresses of the three parts
        std::uint64_t available = 0;
        std::uint64_t used = 0;
        std::uint16_t next_available = 0;  ///< where to go on
        Direction direction = Direction::device_reads;
        EventIndex event_index = EventIndex::off;
    };

    /// Fails when the size is not allowed or a part is misaligned or not inside the guest's memory.
    [[nodiscard]] static Result<Virtqueue> create(const GuestMemory& memory, const Setup& setup);

    /// Takes the next chain; false when there is none. `storage` receives its segments; chains longer than it
    /// are errors.
    [[nodiscard]] Result<bool> pop(std::span<iovec> storage, Chain& chain);
    /// Gives the last `count` popped chains back untouched; they will be popped again. Only before they are
    /// used.
    void rewind(std::uint16_t count) {
        next_available_ = static_cast<std::uint16_t>(next_available_ - count);
    }
    /// Hands a chain back with `written` bytes written to it. The driver sees it after publish().
    void push(std::uint16_t head, std::uint32_t written);
    /// Makes what was pushed visible. True when the driver asked to be interrupted for it.
    [[nodiscard]] bool publish();

    /// Asks the driver not to kick.
    void disable_kicks();
    /// Asks the driver to kick when it adds a chain. True when one came in before the request was visible:
    /// pop again.
    [[nodiscard]] bool enable_kicks();

    /// The index of the next chain to pop: what GET_VRING_BASE reports.
    [[nodiscard]] std::uint16_t next_available() const { return next_available_; }

private:
    struct Descriptor {
        std::uint64_t address;
        std::uint32_t length;
        std::uint16_t flags;
        std::uint16_t next;
    };
    Virtqueue(const GuestMemory& memory, const Setup& setup, std::byte* descriptors, std::byte* available,
              std::byte* used);
    /// Chains to pop; more than the ring can hold when its index makes no sense.
    [[nodiscard]] std::uint32_t waiting() const;
    [[nodiscard]] std::uint16_t load(const std::byte* field) const;
    void store(std::byte* field, std::uint16_t value) const;
    [[nodiscard]] std::byte* used_event() const { return available_ + 4 + std::size_t{2} * size_; }
    [[nodiscard]] std::byte* available_event() const { return used_ + 4 + std::size_t{8} * size_; }

    const GuestMemory* memory_;
    std::byte* descriptors_;
    std::byte* available_;
    std::byte* used_;
    std::uint32_t size_;
    Direction direction_;
    EventIndex event_index_;
    std::uint16_t next_available_;
    std::uint16_t next_used_;
    std::uint16_t published_used_;
};

}  // namespace hutch::vsock
