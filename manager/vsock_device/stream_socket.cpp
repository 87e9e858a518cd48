#include "manager/vsock_device/stream_socket.hpp"

#include <cerrno>
#include <cstring>
#include <string>

#include <sys/socket.h>
#include <sys/un.h>

namespace hutch::vsock {

namespace {

msghdr message_of(std::span<const iovec> parts) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts.data());
    message.msg_iovlen = parts.size();
    return message;
}

StreamSocket::Transfer failed_with(int error_number) {
    switch (error_number) {
        case EAGAIN:
        case ENOBUFS:
        case ENOMEM:
            return {StreamSocket::Status::would_block, 0, true};
        case EFAULT:
            return {StreamSocket::Status::bad_memory, 0, false};
        default:
            return {StreamSocket::Status::ended, 0, false};
    }
}

}  // namespace

Result<StreamSocket> StreamSocket::connect(std::string_view path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return fail_errno("connect to " + std::string(path), ENAMETOOLONG);
    std::memcpy(address.sun_path, path.data(), path.size());
    sys::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return fail_errno("socket", errno);
    while (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        if (errno == EINTR) continue;
        return fail_errno("connect to " + std::string(path), errno);
    }
    return StreamSocket(std::move(fd));
}

StreamSocket::Transfer StreamSocket::read(std::span<iovec> parts) {
    std::size_t wanted = 0;
    for (const iovec& part : parts) wanted += part.iov_len;
    for (;;) {
        msghdr message = message_of(parts);
        const ssize_t count = ::recvmsg(fd_.get(), &message, MSG_DONTWAIT);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed_with(errno);
        if (count == 0) return {Status::ended, 0, false};
        // descriptors that came along are dropped and cut a read short although more is there
        const bool cut = (message.msg_flags & MSG_CTRUNC) != 0;
        const auto bytes = static_cast<std::size_t>(count);
        return {Status::moved, bytes, bytes < wanted && !cut};
    }
}

StreamSocket::Transfer StreamSocket::write(std::span<const iovec> parts) {
    for (;;) {
        const msghdr message = message_of(parts);
        const ssize_t count = ::sendmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed_with(errno);
        return {Status::moved, static_cast<std::size_t>(count), false};
    }
}

StreamSocket::Transfer StreamSocket::peek(std::span<char> into) {
    for (;;) {
        const ssize_t count = ::recv(fd_.get(), into.data(), into.size(), MSG_DONTWAIT | MSG_PEEK);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed_with(errno);
        if (count == 0) return {Status::ended, 0, false};
        return {Status::moved, static_cast<std::size_t>(count), false};
    }
}

void StreamSocket::shutdown(int how) {
    // the only failure is that the peer is gone, which shows when reading
    static_cast<void>(::shutdown(fd_.get(), how));
}

}  // namespace hutch::vsock
