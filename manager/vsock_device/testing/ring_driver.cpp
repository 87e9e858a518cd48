#include "manager/vsock_device/testing/ring_driver.hpp"

#include <atomic>

namespace hutch::vsock::fakes {

template <class Integer>
void RingDriver::store(std::uint64_t at, Integer value) const {
    std::atomic_ref<Integer>(*reinterpret_cast<Integer*>(memory_ + at)).store(value);
}

template <class Integer>
Integer RingDriver::load(std::uint64_t at) const {
    return std::atomic_ref<Integer>(*reinterpret_cast<Integer*>(memory_ + at)).load();
}

void RingDriver::describe(std::uint16_t index, std::uint64_t address, std::uint32_t length,
                          std::uint16_t flags, std::uint16_t next) {
    const std::uint64_t at = descriptors() + std::uint64_t{16} * index;
    store<std::uint64_t>(at, address);
    store<std::uint32_t>(at + 8, length);
    store<std::uint16_t>(at + 12, flags);
    store<std::uint16_t>(at + 14, next);
}

void RingDriver::make_available(std::uint16_t head) {
    store<std::uint16_t>(available() + 4 + std::uint64_t{2} * (available_index_ % size_), head);
    set_available_index(static_cast<std::uint16_t>(available_index_ + 1));
}

void RingDriver::set_available_index(std::uint16_t index) {
    available_index_ = index;
    store<std::uint16_t>(available() + 2, index);
}

bool RingDriver::has_used() const {
    return load<std::uint16_t>(used() + 2) != used_index_;
}

std::optional<RingDriver::Used> RingDriver::take_used() {
    if (!has_used()) return std::nullopt;
    const std::uint64_t at = used() + 4 + std::uint64_t{8} * (used_index_ % size_);
    ++used_index_;
    return Used{load<std::uint32_t>(at), load<std::uint32_t>(at + 4)};
}

void RingDriver::set_interrupt_flags(std::uint16_t flags) {
    store<std::uint16_t>(available(), flags);
}

void RingDriver::set_used_event(std::uint16_t index) {
    store<std::uint16_t>(available() + 4 + std::uint64_t{2} * size_, index);
}

std::uint16_t RingDriver::kick_flags() const {
    return load<std::uint16_t>(used());
}

std::uint16_t RingDriver::kick_event() const {
    return load<std::uint16_t>(used() + 4 + std::uint64_t{8} * size_);
}

}  // namespace hutch::vsock::fakes
