#include "manager/vsock_device/testing/fake_front_end.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hutch::vsock::fakes {

namespace {

constexpr int patience_ms = 60'000;
constexpr std::uint32_t guest_buffer = 256 * 1024;

template <class... Values>
std::vector<std::byte> payload_of(Values... values) {
    std::vector<std::byte> bytes;
    const auto append = [&](auto value) {
        bytes.resize(bytes.size() + sizeof value);
        std::memcpy(bytes.data() + bytes.size() - sizeof value, &value, sizeof value);
    };
    (append(values), ...);
    return bytes;
}

void wait_readable(const sys::UniqueFd& fd, const char* what) {
    pollfd poll_fd{fd.get(), POLLIN, 0};
    if (::poll(&poll_fd, 1, patience_ms) != 1) throw std::runtime_error(what);
}

}  // namespace

void FakeFrontEnd::send_raw(std::span<const std::byte> bytes, std::span<const int> descriptors) {
    iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    std::vector<char> control(CMSG_SPACE(descriptors.size_bytes()));
    if (!descriptors.empty()) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr* item = CMSG_FIRSTHDR(&message);
        item->cmsg_level = SOL_SOCKET;
        item->cmsg_type = SCM_RIGHTS;
        item->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(item), descriptors.data(), descriptors.size_bytes());
    }
    // a device that has ended already shows in what comes next
    static_cast<void>(::sendmsg(socket_.get(), &message, MSG_NOSIGNAL));
}

void FakeFrontEnd::send(Request request, std::span<const std::byte> payload, std::span<const int> descriptors,
                        std::uint32_t flags) {
    std::vector<std::byte> bytes =
        payload_of(static_cast<std::uint32_t>(request), flags, static_cast<std::uint32_t>(payload.size()));
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    send_raw(bytes, descriptors);
}

std::vector<std::byte> FakeFrontEnd::receive_reply() {
    std::array<std::uint32_t, 3> header;
    wait_readable(socket_, "no reply");
    if (::recv(socket_.get(), header.data(), sizeof header, MSG_WAITALL) != sizeof header)
        throw std::runtime_error("no reply");
    std::vector<std::byte> payload(header[2]);
    if (::recv(socket_.get(), payload.data(), payload.size(), MSG_WAITALL) !=
        static_cast<ssize_t>(payload.size()))
        throw std::runtime_error("cut reply");
    return payload;
}

bool FakeFrontEnd::send_acknowledged(Request request, std::span<const std::byte> payload,
                                     std::span<const int> descriptors) {
    send(request, payload, descriptors, 9);
    return receive_reply() == payload_of(std::uint64_t{0});
}

void FakeFrontEnd::set_up(GuestDriver& driver, std::uint64_t features_wanted) {
    const auto require = [](bool right) {
        if (!right) throw std::runtime_error("the device refused a message");
    };
    send(Request::set_owner, {});
    send(Request::get_features, {});
    require(receive_reply() == payload_of(features));
    send(Request::get_protocol_features, {});
    static_cast<void>(receive_reply());
    send(Request::set_protocol_features, payload_of(std::uint64_t{1 << 3 | 1 << 5 | 1 << 9}));
    int pair[2];
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    backend_requests_[0] = sys::UniqueFd(pair[0]);
    backend_requests_[1] = sys::UniqueFd(pair[1]);
    require(send_acknowledged(Request::set_backend_request_fd, {}, std::span(pair + 1, 1)));
    backend_requests_[1].reset();
    require(send_acknowledged(Request::set_features, payload_of(features_wanted)));

    const MemoryRegion region = driver.memory().region();
    auto table =
        payload_of(1U, 0U, region.guest_address, region.size, region.user_address, region.file_offset);
    table.resize(72);
    const int file = driver.memory().file().get();
    require(send_acknowledged(Request::set_memory_table, table, std::span(&file, 1)));

    call_ = sys::UniqueFd(::eventfd(0, EFD_CLOEXEC));
    const int call = call_.get();
    const RingDriver* rings[] = {&driver.receive_ring(), &driver.transmit_ring(), &driver.event_ring()};
    for (std::uint32_t i = 0; i < 3; ++i) {
        require(send_acknowledged(Request::set_ring_call, payload_of(std::uint64_t{i}), std::span(&call, 1)));
        require(send_acknowledged(Request::set_ring_size, payload_of(i, std::uint32_t{rings[i]->size()})));
        require(send_acknowledged(Request::set_ring_base, payload_of(i, 0U)));
        require(
            send_acknowledged(Request::set_ring_addresses,
                              payload_of(i, 0U, TestMemory::user_base + rings[i]->descriptors(),
                                         TestMemory::user_base + rings[i]->used(),
                                         TestMemory::user_base + rings[i]->available(), ~std::uint64_t{0})));
    }
    for (std::uint32_t i = 0; i < 3; ++i) {
        kicks_[i] = sys::UniqueFd(::eventfd(0, EFD_CLOEXEC));
        const int kick_fd = kicks_[i].get();
        require(
            send_acknowledged(Request::set_ring_kick, payload_of(std::uint64_t{i}), std::span(&kick_fd, 1)));
        require(send_acknowledged(Request::set_ring_enable, payload_of(i, 1U)));
    }
}

void FakeFrontEnd::kick(std::size_t ring) {
    const std::uint64_t one = 1;
    if (::write(kicks_[ring].get(), &one, sizeof one) != sizeof one) throw std::runtime_error("kick");
}

void FakeFrontEnd::wait_for_interrupt() {
    wait_readable(call_, "no interrupt came");
    std::uint64_t count = 0;
    if (::read(call_.get(), &count, sizeof count) != sizeof count) throw std::runtime_error("read interrupt");
}

FakeGuest::FakeGuest(sys::UniqueFd socket, std::uint64_t features) : front_end_(std::move(socket)) {
    front_end_.set_up(driver_, features);
    driver_.post_receive_buffers(GuestDriver::ring_size);
    front_end_.kick(0);
}

void FakeGuest::wait() {
    // with event indices: interrupt at the next used buffer of either ring
    driver_.receive_ring().set_used_event(driver_.receive_ring().used_index());
    driver_.transmit_ring().set_used_event(driver_.transmit_ring().used_index());
    if (driver_.receive_ring().has_used() || driver_.transmit_ring().has_used()) return;
    front_end_.wait_for_interrupt();
}

bool FakeGuest::take_packet() {
    static_cast<void>(driver_.reclaim());
    const auto packet = driver_.take_received();
    if (!packet) return false;
    // the receive buffer went back; the device may be waiting for it
    front_end_.kick(0);
    const Stream stream{packet->header.destination_port, packet->header.source_port};
    if (packet->operation() == Operation::request) requests_.push_back(stream);
    State& state = streams_[stream];
    state.peer_buffer = packet->header.buffer_allocation;
    state.peer_forwarded = packet->header.forwarded_count;
    switch (packet->operation()) {
        case Operation::response:
            state.open = true;
            break;
        case Operation::reset:
            state.reset = true;
            break;
        case Operation::shutdown:
            state.shutdown |= packet->header.flags;
            break;
        case Operation::credit_request:
            transmit(stream, Operation::credit_update);
            break;
        case Operation::data:
            state.inbox += packet->payload;
            if (state.inbox.size() + state.unreported > guest_buffer)
                throw std::runtime_error("the device sent more than it may");
            break;
        default:
            break;
    }
    return true;
}

void FakeGuest::transmit(Stream stream, Operation operation, std::string_view payload, std::uint32_t flags) {
    State& state = streams_[stream];
    PacketHeader header = guest_header(operation, stream.guest_port, stream.host_port,
                                       static_cast<std::uint32_t>(payload.size()), flags);
    header.forwarded_count = state.forwarded;
    state.unreported = 0;
    while (!driver_.transmit(header, payload)) wait();
    front_end_.kick(1);
}

std::optional<FakeGuest::Stream> FakeGuest::connect(std::uint32_t host_port) {
    const Stream stream{next_port_++, host_port};
    transmit(stream, Operation::request);
    State& state = streams_[stream];
    wait_until([&] { return state.open || state.reset; });
    if (state.reset) return std::nullopt;
    return stream;
}

FakeGuest::Stream FakeGuest::accept() {
    wait_until([&] { return !requests_.empty(); });
    const Stream stream = requests_.front();
    requests_.erase(requests_.begin());
    streams_[stream].open = true;
    transmit(stream, Operation::response);
    return stream;
}

void FakeGuest::send(Stream stream, std::string_view bytes) {
    State& state = streams_[stream];
    while (!bytes.empty()) {
        const auto credit = [&] { return state.peer_buffer - (state.sent - state.peer_forwarded); };
        wait_until([&] { return credit() > 0; });
        const std::string_view part = bytes.substr(0, std::min<std::size_t>(credit(), 64UL * 1024));
        state.sent += static_cast<std::uint32_t>(part.size());
        transmit(stream, Operation::data, part);
        bytes.remove_prefix(part.size());
    }
}

std::string FakeGuest::receive(Stream stream, std::size_t count) {
    State& state = streams_[stream];
    std::string bytes;
    while (bytes.size() < count) {
        wait_until([&] { return !state.inbox.empty(); });
        const std::string part = state.inbox.substr(0, count - bytes.size());
        state.inbox.erase(0, part.size());
        bytes += part;
        state.forwarded += static_cast<std::uint32_t>(part.size());
        state.unreported += static_cast<std::uint32_t>(part.size());
        if (state.unreported > guest_buffer / 2) transmit(stream, Operation::credit_update);
    }
    return bytes;
}

void FakeGuest::wait_for_end(Stream stream) {
    State& state = streams_[stream];
    wait_until([&] { return (state.shutdown & shutdown_send) != 0; });
}

void FakeGuest::wait_for_reset(Stream stream) {
    State& state = streams_[stream];
    wait_until([&] { return state.reset; });
}

}  // namespace hutch::vsock::fakes
