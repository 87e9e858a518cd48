// The virtqueue walker: the input is the ring's memory, and more input is written over it between the
// walker's steps. Every segment that it yields must lie inside the guest's memory.

#include <array>
#include <cstdlib>

#include "manager/vsock_device/fuzz/input.hpp"
#include "manager/vsock_device/testing/test_memory.hpp"
#include "manager/vsock_device/virtqueue.hpp"

namespace {

using namespace hutch::vsock;
using fakes::TestMemory;

struct Guest {
    TestMemory file{0x4000};
    GuestMemory memory = file.map();
};

Guest& guest() {
    static Guest instance;
    return instance;
}

void check(const Chain& chain) {
    const std::byte* first = guest().memory.at_guest_address(TestMemory::guest_base, 1);
    std::uint64_t total = 0;
    for (const iovec& segment : chain.segments) {
        const auto* start = static_cast<const std::byte*>(segment.iov_base);
        if (segment.iov_len == 0 || segment.iov_len > guest().file.size() || start < first ||
            start + segment.iov_len > first + guest().file.size())
            std::abort();
        total += segment.iov_len;
    }
    if (chain.segments.empty() || chain.segments.size() > max_chain_length || total != chain.bytes)
        std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const auto choices = input.number<std::uint8_t>();
    Virtqueue::Setup setup;
    setup.size = 1U << (choices & 7);
    setup.direction =
        (choices & 8) != 0 ? Virtqueue::Direction::device_writes : Virtqueue::Direction::device_reads;
    setup.event_index = (choices & 16) != 0 ? Virtqueue::EventIndex::on : Virtqueue::EventIndex::off;
    setup.next_available = input.number<std::uint16_t>();
    setup.descriptors = TestMemory::user_base;
    setup.available = TestMemory::user_base + 0x1000;
    setup.used = TestMemory::user_base + 0x2000;
    if ((choices & 32) != 0) {
        setup.size = input.number<std::uint32_t>();
        setup.descriptors = input.number<std::uint64_t>();
        setup.available = input.number<std::uint64_t>();
        setup.used = input.number<std::uint64_t>();
    }

    std::fill_n(guest().file.start(), guest().file.size(), std::byte{0});
    const auto scribble = [&] {
        const std::size_t at = input.number<std::uint16_t>() % guest().file.size();
        const auto bytes = input.bytes(input.number<std::uint8_t>());
        std::copy_n(bytes.begin(), std::min(bytes.size(), guest().file.size() - at),
                    guest().file.start() + at);
    };
    scribble();
    scribble();
    auto queue = Virtqueue::create(guest().memory, setup);
    if (!queue) return 0;

    std::array<iovec, max_chain_length + 20> storage;
    std::uint16_t popped = 0;
    for (int step = 0; step < 64; ++step) {
        Chain chain;
        switch (input.number<std::uint8_t>() % 8) {
            case 0:
                scribble();
                break;
            case 1:
                static_cast<void>(queue->enable_kicks());
                break;
            case 2:
                queue->disable_kicks();
                break;
            case 3:
                static_cast<void>(queue->publish());
                break;
            case 4:
                queue->rewind(popped);
                popped = 0;
                break;
            default: {
                const auto any = queue->pop(storage, chain);
                if (!any) return 0;
                if (!*any) break;
                check(chain);
                if (++popped % 2 == 0) {
                    queue->push(chain.head, 1);
                    popped = 0;
                }
            }
        }
    }
    return 0;
}
