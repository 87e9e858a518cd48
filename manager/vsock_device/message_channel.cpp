#include "manager/vsock_device/message_channel.hpp"

#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/uio.h>

namespace hutch::vsock {

Result<MessageChannel::Outcome> MessageChannel::fill(std::size_t wanted) {
    while (filled_ < wanted) {
        alignas(cmsghdr) char control[CMSG_SPACE(max_message_descriptors * sizeof(int))];
        iovec part{buffer_.data() + filled_, wanted - filled_};
        msghdr header{};
        header.msg_iov = &part;
        header.msg_iovlen = 1;
        header.msg_control = control;
        header.msg_controllen = sizeof control;
        const ssize_t count = ::recvmsg(socket_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) return Outcome::nothing_yet;
        if (count < 0 && errno == ECONNRESET) return Outcome::closed;
        if (count < 0) return fail_errno("receive from the vhost-user front-end", errno);

        for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
            if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
            const std::size_t descriptors = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (std::size_t i = 0; i < descriptors; ++i) {
                int fd = -1;
                std::memcpy(&fd, CMSG_DATA(item) + i * sizeof fd, sizeof fd);
                descriptors_.emplace_back(fd);
            }
        }
        if ((header.msg_flags & MSG_CTRUNC) != 0 || descriptors_.size() > max_message_descriptors)
            return fail(ErrorKind::invalid_argument, "bad_vhost_user_message",
                        "vhost-user message: more descriptors came with it than any message may carry");
        if (count == 0) return Outcome::closed;
        filled_ += static_cast<std::size_t>(count);
    }
    return Outcome::message;
}

Result<MessageChannel::Outcome> MessageChannel::receive(Message& message) {
    HUTCH_TRY(Outcome outcome, fill(message_header_size));
    if (outcome != Outcome::message) return outcome;
    HUTCH_TRY(const MessageHeader header,
              parse_message_header(std::span<const std::byte>(buffer_).first<message_header_size>()));
    HUTCH_TRY(outcome, fill(message_header_size + header.size));
    if (outcome != Outcome::message) return outcome;

    message.header = header;
    message.payload.assign(buffer_.begin() + message_header_size,
                           buffer_.begin() + static_cast<std::ptrdiff_t>(message_header_size + header.size));
    message.descriptors = std::exchange(descriptors_, {});
    filled_ = 0;
    return Outcome::message;
}

Result<void> MessageChannel::send(std::span<const std::byte> reply) {
    const ssize_t count = ::send(socket_.get(), reply.data(), reply.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && (errno == EPIPE || errno == ECONNRESET))
        return {};  // the next receive sees that it is gone
    if (count < 0) return fail_errno("reply to the vhost-user front-end", errno);
    if (static_cast<std::size_t>(count) != reply.size())
        return fail_errno("reply to the vhost-user front-end: it does not read", EAGAIN);
    return {};
}

}  // namespace hutch::vsock
