#include "guest-agent/connection_stream.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/time.h>

namespace hutch::guest_agent {

namespace {

/// recv(2) that is not disturbed by signals.
ssize_t receive(int socket, char* bytes, std::size_t size) {
    for (;;) {
        const ssize_t count = ::recv(socket, bytes, size, 0);
        if (count >= 0 || errno != EINTR) return count;
    }
}

}  // namespace

ConnectionStream::ConnectionStream(sys::UniqueFd socket) : socket_(std::move(socket)) {
    const timeval limit{patience, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

bool ConnectionStream::fill() {
    const ssize_t count = receive(socket_.get(), buffer_.data(), buffer_.size());
    begin_ = 0;
    end_ = count > 0 ? static_cast<std::size_t>(count) : 0;
    return count > 0;
}

bool ConnectionStream::wait_for_request() {
    if (is_readable()) return true;
    for (;;) {
        errno = 0;
        if (fill()) return true;
        // Between requests a connection may be idle for as long as the host likes.
        if (errno != EAGAIN) return false;
    }
}

ssize_t ConnectionStream::read(char* bytes, size_t size) {
    if (begin_ == end_) {
        if (size >= buffer_.size()) return receive(socket_.get(), bytes, size);
        if (!fill()) return 0;
    }
    const std::size_t count = std::min(size, end_ - begin_);
    std::memcpy(bytes, buffer_.data() + begin_, count);
    begin_ += count;
    return static_cast<ssize_t>(count);
}

ssize_t ConnectionStream::write(const char* bytes, size_t size) {
    for (;;) {
        const ssize_t count = ::send(socket_.get(), bytes, size, MSG_NOSIGNAL);
        if (count >= 0 || errno != EINTR) return count;
    }
}

void ConnectionStream::get_remote_ip_and_port(std::string& ip, int& port) const {
    ip.clear();
    port = 0;
}

void ConnectionStream::get_local_ip_and_port(std::string& ip, int& port) const {
    ip.clear();
    port = 0;
}

}  // namespace hutch::guest_agent
