#include "manager/vsock_device/virtqueue.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <string>

namespace hutch::vsock {

// Layout of the three parts, all little-endian:
//   descriptors  size × { address 8, length 4, flags 2, next 2 }
//   available    flags 2, index 2, size × head 2, used_event 2
//   used         flags 2, index 2, size × { head 4, written 4 }, available_event 2
// Ordering: an index is loaded before and stored after what it covers, sequentially consistent, since both
// sides also decide on notifications by "store mine, then load theirs".

namespace {

constexpr std::uint16_t descriptor_next = 1;
constexpr std::uint16_t descriptor_write = 2;
constexpr std::uint16_t descriptor_indirect = 4;
constexpr std::uint16_t available_no_interrupt = 1;
constexpr std::uint16_t used_no_notify = 1;

constexpr std::size_t index_offset = 2;
constexpr std::size_t ring_offset = 4;

tl::unexpected<Error> corrupt(const char* what) {
    return fail(ErrorKind::guest_failed, "corrupt_ring", std::string("read a virtqueue: ") + what);
}

bool aligned(const std::byte* pointer, std::uintptr_t alignment) {
    return reinterpret_cast<std::uintptr_t>(pointer) % alignment == 0;
}

}  // namespace

Result<Virtqueue> Virtqueue::create(const GuestMemory& memory, const Setup& setup) {
    if (setup.size == 0 || setup.size > max_queue_size || !std::has_single_bit(setup.size))
        return corrupt("its size is not a power of two up to 32768");
    std::byte* descriptors = memory.at_user_address(setup.descriptors, std::uint64_t{16} * setup.size);
    std::byte* available = memory.at_user_address(setup.available, std::uint64_t{2} * setup.size + 6);
    std::byte* used = memory.at_user_address(setup.used, std::uint64_t{8} * setup.size + 6);
    if (descriptors == nullptr || available == nullptr || used == nullptr)
        return corrupt("a part of it is not inside the guest's memory");
    if (!aligned(descriptors, 16) || !aligned(available, 2) || !aligned(used, 4))
        return corrupt("a part of it is misaligned");
    return Virtqueue(memory, setup, descriptors, available, used);
}

Virtqueue::Virtqueue(const GuestMemory& memory, const Setup& setup, std::byte* descriptors,
                     std::byte* available, std::byte* used)
    : memory_(&memory),
      descriptors_(descriptors),
      available_(available),
      used_(used),
      size_(setup.size),
      direction_(setup.direction),
      event_index_(setup.event_index),
      next_available_(setup.next_available),
      next_used_(load(used + index_offset)),
      published_used_(next_used_) {}

std::uint16_t Virtqueue::load(const std::byte* field) const {
    auto* integer = reinterpret_cast<std::uint16_t*>(const_cast<std::byte*>(field));
    return std::atomic_ref<std::uint16_t>(*integer).load(std::memory_order_seq_cst);
}

void Virtqueue::store(std::byte* field, std::uint16_t value) const {
    std::atomic_ref<std::uint16_t>(*reinterpret_cast<std::uint16_t*>(field))
        .store(value, std::memory_order_seq_cst);
}

std::uint32_t Virtqueue::waiting() const {
    const auto ahead = static_cast<std::uint16_t>(load(available_ + index_offset) - next_available_);
    if (ahead <= size_) return ahead;
    // Linux takes unused chains back by counting the index down when it shuts down, and user-mode Linux says
    // only afterwards that the ring has stopped
    const auto behind = static_cast<std::uint16_t>(-ahead);
    return behind <= size_ ? 0 : ahead;
}

Result<bool> Virtqueue::pop(std::span<iovec> storage, Chain& chain) {
    const std::uint32_t count_available = waiting();
    if (count_available == 0) return false;
    if (count_available > size_) return corrupt("more chains are available than it has descriptors");

    const std::size_t slot = next_available_ & (size_ - 1);
    const std::uint16_t head = load(available_ + ring_offset + 2 * slot);
    const std::size_t limit = std::min(storage.size(), max_chain_length);
    std::size_t count = 0;
    std::uint64_t bytes = 0;
    std::uint16_t index = head;
    for (;;) {
        if (index >= size_) return corrupt("a descriptor number is out of range");
        if (count == limit) return corrupt("a descriptor chain is too long or loops");
        Descriptor descriptor;
        copy_in(std::as_writable_bytes(std::span(&descriptor, 1)), descriptors_ + std::size_t{16} * index);
        if ((descriptor.flags & descriptor_indirect) != 0)
            return corrupt("a descriptor is indirect, which was not offered");
        const bool writable = (descriptor.flags & descriptor_write) != 0;
        if (writable != (direction_ == Direction::device_writes))
            return corrupt("a descriptor has the wrong direction");
        std::byte* start = memory_->at_guest_address(descriptor.address, descriptor.length);
        if (start == nullptr) return corrupt("a buffer is empty or not inside the guest's memory");
        storage[count++] = {start, descriptor.length};
        bytes += descriptor.length;
        if ((descriptor.flags & descriptor_next) == 0) break;
        index = descriptor.next;
    }
    ++next_available_;
    chain = {head, storage.first(count), bytes};
    return true;
}

void Virtqueue::push(std::uint16_t head, std::uint32_t written) {
    const std::uint32_t element[2] = {head, written};
    std::memcpy(used_ + ring_offset + std::size_t{8} * (next_used_ & (size_ - 1)), element, sizeof element);
    ++next_used_;
}

bool Virtqueue::publish() {
    if (next_used_ == published_used_) return false;
    const std::uint16_t before = published_used_;
    store(used_ + index_offset, next_used_);
    published_used_ = next_used_;
    if (event_index_ == EventIndex::off) return (load(available_) & available_no_interrupt) == 0;
    // interrupt when the index that the driver named is among those just passed
    const std::uint16_t wanted = load(used_event());
    return static_cast<std::uint16_t>(next_used_ - wanted - 1) <
           static_cast<std::uint16_t>(next_used_ - before);
}

void Virtqueue::disable_kicks() {
    // with event indices an index that is passed already asks for nothing until enable_kicks()
    if (event_index_ == EventIndex::off) store(used_, used_no_notify);
}

bool Virtqueue::enable_kicks() {
    if (event_index_ == EventIndex::off)
        store(used_, 0);
    else
        store(available_event(), next_available_);
    return waiting() != 0;
}

}  // namespace hutch::vsock
