#include "manager/vsock_device/device.hpp"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>

namespace hutch::vsock {

// Theory of operation
//
// Every wake-up does the same: look at each event, which changes connections and rings, then move packets
// until there is nothing to do, then sleep. The queues are looked at on every wake-up whatever caused it, so
// a kick only has to end the sleep: the descriptors are watched edge-triggered and never read. The guest
// kicks for the transmit queue only when the device has seen it empty, and for the receive queue only while
// the device lacks buffers.

namespace {

constexpr std::uint64_t front_end_listener_token = 1;
constexpr std::uint64_t front_end_token = 2;
constexpr std::uint64_t host_listener_token = 3;
constexpr std::uint64_t kick_token = 4;

Result<void> never_wait(const sys::UniqueFd& listener) {
    const int flags = ::fcntl(listener.get(), F_GETFL);
    if (flags < 0 || ::fcntl(listener.get(), F_SETFL, flags | O_NONBLOCK) != 0)
        return fail_errno("make a listening socket non-blocking", errno);
    return {};
}

}  // namespace

Result<std::unique_ptr<Device>> Device::create(Setup setup) {
    HUTCH_TRY(Poller poller, Poller::create());
    HUTCH_CHECK(never_wait(setup.front_end_listener));
    HUTCH_CHECK(never_wait(setup.host_listener));
    auto device = std::unique_ptr<Device>(new Device(std::move(poller), std::move(setup)));
    HUTCH_CHECK(device->poller_.add(device->setup_.front_end_listener, EPOLLIN, front_end_listener_token));
    HUTCH_TRY(device->muxer_, Muxer::create({.guest_cid = device->setup_.guest_cid,
                                             .host_socket_directory = device->setup_.host_socket_directory,
                                             .limits = device->setup_.limits,
                                             .listener_token = host_listener_token},
                                            std::move(device->setup_.host_listener), device->poller_,
                                            std::chrono::steady_clock::now()));
    return device;
}

Device::Device(Poller poller, Setup setup) : poller_(std::move(poller)), setup_(std::move(setup)) {}

Result<void> Device::run() {
    std::array<epoll_event, 64> storage;
    Progress progress = Progress::idle;
    while (!front_end_gone_) {
        const auto timeout =
            progress == Progress::more ? std::chrono::milliseconds(0) : muxer_->next_deadline();
        HUTCH_TRY(const auto events, poller_.wait(storage, timeout));
        muxer_->advance(std::chrono::steady_clock::now());
        for (const epoll_event& event : events) HUTCH_CHECK(handle_event(event));
        HUTCH_TRY(progress, move_packets());
    }
    return {};
}

Result<void> Device::handle_event(const epoll_event& event) {
    const std::uint64_t token = event.data.u64;
    if ((token & Muxer::connection_bit) != 0) return muxer_->connection_event(token, event.events);
    switch (token) {
        case front_end_listener_token:
            return accept_front_end();
        case front_end_token:
            return handle_messages();
        case host_listener_token:
            return muxer_->listener_event();
        default:
            return {};  // a kick has done its work by waking us
    }
}

Result<void> Device::accept_front_end() {
    sys::UniqueFd socket(::accept4(setup_.front_end_listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket) {
        if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return {};
        return fail_errno("accept the vhost-user front-end", errno);
    }
    // one front-end, and no second one
    poller_.remove(setup_.front_end_listener);
    setup_.front_end_listener.reset();
    HUTCH_CHECK(poller_.add(socket, EPOLLIN, front_end_token));
    channel_.emplace(std::move(socket));
    session_.emplace(setup_.guest_cid, poller_, kick_token);
    return {};
}

Result<void> Device::handle_messages() {
    for (;;) {
        Message message;
        HUTCH_TRY(const MessageChannel::Outcome outcome, channel_->receive(message));
        if (outcome == MessageChannel::Outcome::nothing_yet) return {};
        if (outcome == MessageChannel::Outcome::closed) {
            front_end_gone_ = true;
            return {};
        }
        HUTCH_TRY(const auto reply, session_->handle(std::move(message)));
        const bool runs =
            session_->queue(Ring::receive) != nullptr && session_->queue(Ring::transmit) != nullptr;
        // a guest whose rings stopped has restarted or gone, and its connections with it
        if (rings_ran_ && !runs) muxer_->reset();
        rings_ran_ = runs;
        if (reply) HUTCH_CHECK(channel_->send(*reply));
    }
}

Result<Device::Progress> Device::move_packets() {
    if (front_end_gone_ || !rings_ran_) return Progress::idle;
    Virtqueue& transmit = *session_->queue(Ring::transmit);
    transmit.disable_kicks();
    HUTCH_TRY(bool more, muxer_->process_transmit(transmit));
    HUTCH_TRY(const bool starved, receive_into_guest());
    session_->publish(Ring::transmit);
    session_->publish(Ring::receive);
    if (!more) more = transmit.enable_kicks();
    return more || (muxer_->has_output() && !starved) ? Progress::more : Progress::idle;
}

Result<bool> Device::receive_into_guest() {
    Virtqueue& receive = *session_->queue(Ring::receive);
    receive.disable_kicks();
    if (!muxer_->has_output()) return false;
    HUTCH_TRY(const bool starved, muxer_->fill_receive(receive));
    return starved && !receive.enable_kicks();
}

}  // namespace hutch::vsock
