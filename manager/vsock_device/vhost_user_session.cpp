#include "manager/vsock_device/vhost_user_session.hpp"

#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace hutch::vsock {

namespace {

constexpr std::uint64_t bit(unsigned number) {
    return std::uint64_t{1} << number;
}

// device features
constexpr std::uint64_t ring_event_index = bit(29);
constexpr std::uint64_t vhost_protocol_features = bit(30);
constexpr std::uint64_t version_1 = bit(32);
constexpr std::uint64_t offered_features = ring_event_index | vhost_protocol_features | version_1;

// protocol features
constexpr std::uint64_t protocol_multi_queue = bit(0);
constexpr std::uint64_t protocol_reply_ack = bit(3);
constexpr std::uint64_t protocol_backend_request = bit(5);
constexpr std::uint64_t protocol_config = bit(9);
constexpr std::uint64_t offered_protocol_features =
    protocol_multi_queue | protocol_reply_ack | protocol_backend_request | protocol_config;

tl::unexpected<Error> violation(const std::string& why) {
    return fail(ErrorKind::invalid_argument, "vhost_user_violation", "vhost-user front-end: " + why);
}

std::vector<std::byte> number_reply(std::uint32_t request, std::uint64_t number) {
    std::byte payload[sizeof number];
    std::memcpy(payload, &number, sizeof number);
    return serialise_reply(request, payload);
}

std::size_t descriptors_due(Request request) {
    return request == Request::set_backend_request_fd ? 1 : 0;
}

}  // namespace

Result<std::optional<std::vector<std::byte>>> VhostUserSession::handle(Message message) {
    const MessageHeader header = message.header;
    HUTCH_TRY(auto reply, carry_out(message));
    if (reply) return reply;
    if (header.needs_reply() && (protocol_features_ & protocol_reply_ack) != 0) {
        // the configuration space cannot be written; everything else that fails ended in an error already
        const bool refused = static_cast<Request>(header.request) == Request::set_config;
        return std::optional(number_reply(header.request, refused ? 1 : 0));
    }
    return std::optional<std::vector<std::byte>>();
}

Result<std::optional<std::vector<std::byte>>> VhostUserSession::carry_out(Message& message) {
    const auto request = static_cast<Request>(message.header.request);
    switch (request) {
        case Request::set_memory_table:
        case Request::set_ring_kick:
        case Request::set_ring_call:
        case Request::set_ring_error:
            break;  // these count their descriptors themselves
        default:
            if (message.descriptors.size() != descriptors_due(request))
                return violation("request " + std::to_string(message.header.request) + " came with " +
                                 std::to_string(message.descriptors.size()) + " descriptors");
    }
    const auto done = [](Result<void> result) -> Result<std::optional<std::vector<std::byte>>> {
        HUTCH_CHECK(std::move(result));
        return std::optional<std::vector<std::byte>>();
    };
    switch (request) {
        case Request::get_features:
            return std::optional(number_reply(message.header.request, offered_features));
        case Request::get_protocol_features:
            return std::optional(number_reply(message.header.request, offered_protocol_features));
        case Request::get_queue_count:
            return std::optional(number_reply(message.header.request, ring_count));
        case Request::set_owner:
            return done({});
        case Request::set_features:
            return done(set_features(message));
        case Request::set_protocol_features:
            return done(set_protocol_features(message));
        case Request::set_memory_table:
            return done(set_memory_table(message));
        case Request::set_ring_size:
        case Request::set_ring_base:
        case Request::set_ring_enable:
            return done(set_ring_state(request, message));
        case Request::set_ring_addresses:
            return done(set_ring_addresses(message));
        case Request::set_ring_kick:
        case Request::set_ring_call:
        case Request::set_ring_error:
            return done(set_ring_descriptor(request, message));
        case Request::set_backend_request_fd:
            backend_request_ = std::move(message.descriptors[0]);
            return done({});
        case Request::get_ring_base: {
            HUTCH_TRY(auto reply, get_ring_base(message));
            return std::optional(std::move(reply));
        }
        case Request::get_config: {
            HUTCH_TRY(auto reply, get_config(message));
            return std::optional(std::move(reply));
        }
        case Request::set_config: {
            HUTCH_TRY([[maybe_unused]] const ConfigAccess access, parse_config_access(message.payload));
            return std::optional<std::vector<std::byte>>();
        }
    }
    return violation("request " + std::to_string(message.header.request) + " is not known");
}

Result<void> VhostUserSession::set_features(const Message& message) {
    HUTCH_TRY(const std::uint64_t features, parse_number(message.payload));
    if ((features & ~offered_features) != 0) return violation("it sets features that were not offered");
    if ((features & version_1) == 0) return violation("it does not speak virtio version 1");
    for (const RingSetup& ring : rings_)
        if (ring.queue) return violation("it sets features while a ring runs");
    features_ = features;
    // without protocol features there is no message to enable a ring, so rings are enabled from the start
    for (RingSetup& ring : rings_) {
        ring.setup.event_index =
            (features & ring_event_index) != 0 ? Virtqueue::EventIndex::on : Virtqueue::EventIndex::off;
        if ((features & vhost_protocol_features) == 0) ring.enabled = true;
        HUTCH_CHECK(update(ring));
    }
    return {};
}

Result<void> VhostUserSession::set_protocol_features(const Message& message) {
    HUTCH_TRY(const std::uint64_t features, parse_number(message.payload));
    if ((features & ~offered_protocol_features) != 0)
        return violation("it sets protocol features that were not offered");
    protocol_features_ = features;
    return {};
}

Result<void> VhostUserSession::set_memory_table(const Message& message) {
    HUTCH_TRY(const std::vector<MemoryRegion> regions, parse_memory_table(message.payload));
    HUTCH_TRY(GuestMemory memory, GuestMemory::create(regions, message.descriptors));
    // rings that run go on with the new table, where their parts must be found again; what they point to goes
    // first
    for (RingSetup& ring : rings_) stop(ring);
    memory_ = std::move(memory);
    for (RingSetup& ring : rings_) HUTCH_CHECK(update(ring));
    return {};
}

Result<VhostUserSession::RingSetup*> VhostUserSession::ring_at(std::uint32_t index) {
    if (index >= ring_count) return violation("ring " + std::to_string(index) + " does not exist");
    return &rings_[index];
}

Result<void> VhostUserSession::set_ring_state(Request request, const Message& message) {
    HUTCH_TRY(const RingState state, parse_ring_state(message.payload));
    HUTCH_TRY(RingSetup * ring, ring_at(state.index));
    if (request == Request::set_ring_enable) {
        if (state.number > 1) return violation("a ring is neither enabled nor disabled");
        ring->enabled = state.number == 1;
        return update(*ring);
    }
    if (ring->queue) return violation("it sets up a ring that runs");
    if (request == Request::set_ring_size) {
        if (state.number == 0 || state.number > max_queue_size || (state.number & (state.number - 1)) != 0)
            return violation("a ring size is not a power of two up to 32768");
        ring->setup.size = state.number;
    } else {
        if (state.number > 0xffff) return violation("a ring base is out of range");
        ring->setup.next_available = static_cast<std::uint16_t>(state.number);
    }
    return update(*ring);
}

Result<void> VhostUserSession::set_ring_addresses(const Message& message) {
    HUTCH_TRY(const RingAddresses addresses, parse_ring_addresses(message.payload));
    HUTCH_TRY(RingSetup * ring, ring_at(addresses.index));
    if (ring->queue) return violation("it sets up a ring that runs");
    ring->setup.descriptors = addresses.descriptors;
    ring->setup.available = addresses.available;
    ring->setup.used = addresses.used;
    ring->has_addresses = true;
    return update(*ring);
}

Result<void> VhostUserSession::set_ring_descriptor(Request request, Message& message) {
    HUTCH_TRY(const RingDescriptor descriptor, parse_ring_descriptor(message.payload));
    if (message.descriptors.size() != (descriptor.present ? 1U : 0U))
        return violation("a ring came with " + std::to_string(message.descriptors.size()) + " descriptors");
    HUTCH_TRY(RingSetup * ring, ring_at(descriptor.index));
    sys::UniqueFd fd = descriptor.present ? std::move(message.descriptors[0]) : sys::UniqueFd();
    if (request == Request::set_ring_error) {
        ring->error = std::move(fd);
        return {};
    }
    if (request == Request::set_ring_call) {
        // an interrupt that is pending already makes a full pipe or counter: never wait for it
        if (fd && ::fcntl(fd.get(), F_SETFL, O_NONBLOCK) != 0)
            return fail_errno("set up the ring's call descriptor", errno);
        ring->call = std::move(fd);
        return {};
    }
    if (!fd) return violation("a ring without a kick descriptor would have to be polled");
    HUTCH_CHECK(poller_.add(fd, EPOLLIN | EPOLLET, kick_token_));
    set_kick(*ring, std::move(fd));
    return update(*ring);
}

Result<std::vector<std::byte>> VhostUserSession::get_ring_base(const Message& message) {
    HUTCH_TRY(const RingState state, parse_ring_state(message.payload));
    HUTCH_TRY(RingSetup * ring, ring_at(state.index));
    stop(*ring);
    set_kick(*ring, sys::UniqueFd());
    const std::uint32_t payload[2] = {state.index, ring->setup.next_available};
    return serialise_reply(message.header.request, std::as_bytes(std::span(payload)));
}

Result<std::vector<std::byte>> VhostUserSession::get_config(const Message& message) const {
    HUTCH_TRY(const ConfigAccess access, parse_config_access(message.payload));
    std::vector<std::byte> payload = message.payload;
    std::byte space[sizeof guest_cid_];
    std::memcpy(space, &guest_cid_, sizeof space);
    // what lies outside the configuration space is answered with an empty payload, as the protocol asks
    if (access.offset > sizeof space || access.size > sizeof space - access.offset)
        return serialise_reply(message.header.request, {});
    std::memcpy(payload.data() + config_header_size, space + access.offset, access.size);
    return serialise_reply(message.header.request, payload);
}

void VhostUserSession::set_kick(RingSetup& ring, sys::UniqueFd kick) {
    if (ring.kick) poller_.remove(ring.kick);
    ring.kick = std::move(kick);
}

void VhostUserSession::stop(RingSetup& ring) {
    if (!ring.queue) return;
    ring.setup.next_available = ring.queue->next_available();
    ring.queue.reset();
}

Result<void> VhostUserSession::update(RingSetup& ring) {
    const bool runs =
        ring.setup.size != 0 && ring.has_addresses && ring.kick && ring.enabled && features_ != 0;
    if (!runs) {
        stop(ring);
        return {};
    }
    if (ring.queue) return {};
    ring.setup.direction = &ring == &rings_[static_cast<std::uint32_t>(Ring::transmit)]
                               ? Virtqueue::Direction::device_reads
                               : Virtqueue::Direction::device_writes;
    HUTCH_TRY(ring.queue, Virtqueue::create(memory_, ring.setup));
    return {};
}

Virtqueue* VhostUserSession::queue(Ring ring) {
    std::optional<Virtqueue>& queue = rings_[static_cast<std::uint32_t>(ring)].queue;
    return queue ? &*queue : nullptr;
}

void VhostUserSession::publish(Ring ring) {
    RingSetup& setup = rings_[static_cast<std::uint32_t>(ring)];
    if (!setup.queue || !setup.queue->publish() || !setup.call) return;
    const std::uint64_t one = 1;
    // full means that interrupts are pending already; a front-end that is gone shows on its own socket
    if (::write(setup.call.get(), &one, sizeof one) < 0) return;
}

}  // namespace hutch::vsock
