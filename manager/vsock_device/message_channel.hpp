#pragma once

// The socket to the vhost-user front-end: puts messages and the descriptors that come with them together from
// however the bytes arrive, and sends replies. One thread.

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "common/result.hpp"
#include "common/sys/unique_fd.hpp"
#include "manager/vsock_device/vhost_user_message.hpp"

namespace hutch::vsock {

struct Message {
    MessageHeader header;
    std::vector<std::byte> payload;
    std::vector<sys::UniqueFd> descriptors;
};

class MessageChannel {
public:
    /// What one receive() came to.
    enum class Outcome { message, nothing_yet, closed };

    explicit MessageChannel(sys::UniqueFd socket) : socket_(std::move(socket)) {}

    /// Without waiting: the next whole message into `message`, or nothing yet, or the front-end is gone.
    /// Fails for a malformed header or more descriptors than a message may carry.
    [[nodiscard]] Result<Outcome> receive(Message& message);
    /// Fails when the front-end does not take it at once: replies are few and tiny.
    [[nodiscard]] Result<void> send(std::span<const std::byte> reply);

    [[nodiscard]] const sys::UniqueFd& socket() const { return socket_; }

private:
    [[nodiscard]] Result<Outcome> fill(std::size_t wanted);

    sys::UniqueFd socket_;
    std::array<std::byte, message_header_size + max_message_payload> buffer_;
    std::size_t filled_ = 0;
    std::vector<sys::UniqueFd> descriptors_;
};

}  // namespace hutch::vsock
