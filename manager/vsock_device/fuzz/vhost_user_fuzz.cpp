// The vhost-user protocol: the input is a sequence of messages, with descriptors of several kinds, to one
// session. After each the rings that run are walked.

#include <algorithm>
#include <array>

#include <sys/eventfd.h>
#include <unistd.h>

#include "manager/vsock_device/fuzz/input.hpp"
#include "manager/vsock_device/testing/test_memory.hpp"
#include "manager/vsock_device/vhost_user_session.hpp"

namespace {

using namespace hutch;
using namespace hutch::vsock;

const fakes::TestMemory& memory() {
    static const fakes::TestMemory instance(0x10000);
    return instance;
}

sys::UniqueFd descriptor(std::uint8_t kind) {
    switch (kind % 3) {
        case 0:
            return sys::UniqueFd(::dup(memory().file().get()));
        case 1:
            return sys::UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        default: {
            int ends[2] = {-1, -1};
            if (::pipe(ends) != 0) return {};
            ::close(ends[0]);
            return sys::UniqueFd(ends[1]);
        }
    }
}

void walk(VhostUserSession& session) {
    std::array<iovec, max_chain_length> storage;
    for (const Ring ring : {Ring::receive, Ring::transmit, Ring::event}) {
        Virtqueue* queue = session.queue(ring);
        if (queue == nullptr) continue;
        Chain chain;
        if (const auto any = queue->pop(storage, chain); any && *any) queue->push(chain.head, 0);
        session.publish(ring);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    auto poller = Poller::create();
    if (!poller) return 0;
    VhostUserSession session(3, *poller, 1);
    while (!input.empty()) {
        std::array<std::byte, message_header_size> bytes{};
        const auto taken = input.bytes(bytes.size());
        std::copy(taken.begin(), taken.end(), bytes.begin());
        const auto header = parse_message_header(bytes);
        if (!header) return 0;
        Message message;
        message.header = *header;
        const auto payload = input.bytes(header->size);
        message.payload.assign(payload.begin(), payload.end());
        message.payload.resize(header->size);
        const auto descriptors = input.number<std::uint8_t>();
        for (std::size_t i = 0; i < descriptors % 4U; ++i)
            message.descriptors.push_back(descriptor(static_cast<std::uint8_t>(descriptors / 4 + i)));
        if (!session.handle(std::move(message))) return 0;
        walk(session);
    }
    return 0;
}
