#pragma once

// A vhost-user front-end with a guest behind it, for tests: connects to a device's socket, sets it up as
// user-mode Linux does and then speaks vsock. Whatever takes longer than a generous limit throws, which fails
// the test.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/sys/unique_fd.hpp"
#include "manager/vsock_device/testing/guest_driver.hpp"
#include "manager/vsock_device/vhost_user_message.hpp"

namespace hutch::vsock::fakes {

/// The front-end alone: messages and descriptors, right or wrong.
class FakeFrontEnd {
public:
    explicit FakeFrontEnd(sys::UniqueFd socket) : socket_(std::move(socket)) {}

    /// Sends bytes as they are, with descriptors.
    void send_raw(std::span<const std::byte> bytes, std::span<const int> descriptors = {});
    void send(Request request, std::span<const std::byte> payload, std::span<const int> descriptors = {},
              std::uint32_t flags = 1);
    /// The payload of the next reply.
    [[nodiscard]] std::vector<std::byte> receive_reply();
    /// Sends with an acknowledgement asked for; whether it was positive.
    [[nodiscard]] bool send_acknowledged(Request request, std::span<const std::byte> payload,
                                         std::span<const int> descriptors = {});

    /// Everything that user-mode Linux sends for a vsock device with the rings of `driver`.
    void set_up(GuestDriver& driver, std::uint64_t features);
    void kick(std::size_t ring);
    /// Waits for the device to interrupt for any ring.
    void wait_for_interrupt();
    void disconnect() { socket_.reset(); }

    static constexpr std::uint64_t features = 1ULL << 29 | 1ULL << 30 | 1ULL << 32;
    static constexpr std::uint64_t features_without_event_index = 1ULL << 30 | 1ULL << 32;

private:
    sys::UniqueFd socket_;
    sys::UniqueFd kicks_[3];
    sys::UniqueFd call_;
    sys::UniqueFd backend_requests_[2];
};

/// Guest programs: streams over the packets of a driver, with credit on both sides. One thread.
class FakeGuest {
public:
    /// The two ports of a stream.
    struct Stream {
        std::uint32_t guest_port;
        std::uint32_t host_port;
        friend auto operator<=>(const Stream&, const Stream&) = default;
    };

    FakeGuest(sys::UniqueFd socket, std::uint64_t features);

    /// Connects to a port of the host; empty when refused.
    [[nodiscard]] std::optional<Stream> connect(std::uint32_t host_port);
    /// Waits for the next host program and accepts it.
    [[nodiscard]] Stream accept();
    /// Sends all of `bytes` as credit allows.
    void send(Stream stream, std::string_view bytes);
    /// Waits for `count` bytes.
    [[nodiscard]] std::string receive(Stream stream, std::size_t count);
    void shutdown(Stream stream, std::uint32_t flags) { transmit(stream, Operation::shutdown, {}, flags); }
    void reset(Stream stream) { transmit(stream, Operation::reset); }
    /// Waits for the host's side to say that it will not send any more.
    void wait_for_end(Stream stream);
    void wait_for_reset(Stream stream);
    /// Handles what arrives until `condition` holds.
    template <class Condition>
    void wait_until(Condition condition) {
        while (!condition()) {
            if (!take_packet()) wait();
        }
    }

    [[nodiscard]] GuestDriver& driver() { return driver_; }
    [[nodiscard]] FakeFrontEnd& front_end() { return front_end_; }

private:
    struct State {
        std::string inbox;
        std::uint32_t peer_buffer = 0;
        std::uint32_t peer_forwarded = 0;
        std::uint32_t sent = 0;
        std::uint32_t forwarded = 0;
        std::uint32_t unreported = 0;
        std::uint32_t shutdown = 0;
        bool open = false;
        bool reset = false;
    };

    void transmit(Stream stream, Operation operation, std::string_view payload = {}, std::uint32_t flags = 0);
    bool take_packet();
    void wait();

    GuestDriver driver_;
    FakeFrontEnd front_end_;
    std::map<Stream, State> streams_;
    std::vector<Stream> requests_;
    std::uint32_t next_port_ = 50000;
};

}  // namespace hutch::vsock::fakes
