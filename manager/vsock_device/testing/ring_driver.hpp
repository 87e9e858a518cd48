#pragma once

// The guest driver's side of a split virtqueue, for tests: lays a ring out in memory, makes chains available
// and takes used ones back. It writes whatever it is told to, right or wrong.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "manager/vsock_device/virtqueue.hpp"

namespace hutch::vsock::fakes {

class RingDriver {
public:
    static constexpr std::uint16_t flag_next = 1;
    static constexpr std::uint16_t flag_write = 2;
    static constexpr std::uint16_t flag_indirect = 4;

    struct Used {
        std::uint32_t head;
        std::uint32_t written;
    };

    /// A ring of `size` descriptors at `memory` + `offset`, all zero. It takes at most bytes_for(size).
    RingDriver(std::byte* memory, std::uint64_t offset, std::uint16_t size)
        : memory_(memory), offset_(offset), size_(size) {}

    [[nodiscard]] static std::uint64_t bytes_for(std::uint16_t size) {
        return std::uint64_t{16} * size + 4096 + std::uint64_t{12} * size;
    }
    [[nodiscard]] std::uint64_t descriptors() const { return offset_; }
    [[nodiscard]] std::uint64_t available() const { return offset_ + std::uint64_t{16} * size_; }
    [[nodiscard]] std::uint64_t used() const {
        return (available() + std::uint64_t{2} * size_ + 6 + 3) & ~std::uint64_t{3};
    }
    [[nodiscard]] std::uint16_t size() const { return size_; }

    void describe(std::uint16_t index, std::uint64_t address, std::uint32_t length, std::uint16_t flags,
                  std::uint16_t next = 0);
    /// Puts `head` in the next slot and counts the index up.
    void make_available(std::uint16_t head);
    void set_available_index(std::uint16_t index);
    [[nodiscard]] std::uint16_t available_index() const { return available_index_; }
    /// The next chain that the device has used.
    [[nodiscard]] std::optional<Used> take_used();

    [[nodiscard]] bool has_used() const;
    [[nodiscard]] std::uint16_t used_index() const { return used_index_; }

    void set_interrupt_flags(std::uint16_t flags);
    void set_used_event(std::uint16_t index);
    [[nodiscard]] std::uint16_t kick_flags() const;
    [[nodiscard]] std::uint16_t kick_event() const;

private:
    template <class Integer>
    void store(std::uint64_t at, Integer value) const;
    template <class Integer>
    [[nodiscard]] Integer load(std::uint64_t at) const;

    std::byte* memory_;
    std::uint64_t offset_;
    std::uint16_t size_;
    std::uint16_t available_index_ = 0;
    std::uint16_t used_index_ = 0;
};

}  // namespace hutch::vsock::fakes
