#include "common/sys/tcp_socket.hpp"

#include <array>
#include <cerrno>
#include <memory>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

namespace hutch::sys {

namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

std::string numeric_address(const sockaddr_storage& address, socklen_t length) {
    std::array<char, NI_MAXHOST> text{};
    const int code = ::getnameinfo(reinterpret_cast<const sockaddr*>(&address), length, text.data(),
                                   text.size(), nullptr, 0, NI_NUMERICHOST);
    return code == 0 ? text.data() : "";
}

/// What accept(2) answers for a connection that broke before we took it.
bool is_peers_error(int error) {
    return error == ECONNABORTED || error == EPROTO || error == ENETDOWN || error == ENOPROTOOPT ||
           error == EHOSTDOWN || error == ENONET || error == EHOSTUNREACH || error == EOPNOTSUPP ||
           error == ENETUNREACH || error == EINTR;
}

}  // namespace

Result<UniqueFd> listen_tcp(const std::string& host, int port, int backlog) {
    const std::string where = "listen on " + host + " port " + std::to_string(port);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
        code != 0) {
        return fail(ErrorKind::invalid_argument, "unknown_address", where + ": " + ::gai_strerror(code));
    }
    const AddressList addresses(found, &::freeaddrinfo);
    int error = EADDRNOTAVAIL;
    for (const addrinfo* entry = addresses.get(); entry != nullptr; entry = entry->ai_next) {
        UniqueFd socket(::socket(entry->ai_family, entry->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                                 entry->ai_protocol));
        if (!socket) {
            error = errno;
            continue;
        }
        // For a restart while old connections linger. Not SO_REUSEPORT: that would let two servers share the
        // port.
        const int on = 1;
        (void)::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (::bind(socket.get(), entry->ai_addr, entry->ai_addrlen) == 0 &&
            ::listen(socket.get(), backlog) == 0)
            return socket;
        error = errno;
    }
    return fail_errno(where, error);
}

Result<int> local_port(const UniqueFd& socket) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0)
        return fail_errno("getsockname", errno);
    if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

Result<std::optional<Accepted>> accept_tcp(const UniqueFd& listener) {
    for (;;) {
        sockaddr_storage address{};
        socklen_t length = sizeof address;
        UniqueFd socket(::accept4(listener.get(), reinterpret_cast<sockaddr*>(&address), &length,
                                  SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (socket) {
            const int on = 1;
            (void)::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            return std::optional(Accepted{std::move(socket), numeric_address(address, length)});
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) return std::optional<Accepted>();
        if (!is_peers_error(errno)) return fail_errno("accept a connection", errno);
    }
}

Transfer receive_some(const UniqueFd& socket, std::string& buffer, std::size_t most) {
    const std::size_t before = buffer.size();
    buffer.resize(before + most);
    ssize_t got = 0;
    do {
        got = ::recv(socket.get(), buffer.data() + before, most, MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    const int error = errno;
    buffer.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got > 0) return {Transfer::Outcome::moved, static_cast<std::size_t>(got)};
    if (got < 0 && (error == EAGAIN || error == EWOULDBLOCK)) return {Transfer::Outcome::would_block, 0};
    return {Transfer::Outcome::ended, 0};
}

Transfer send_some(const UniqueFd& socket, std::string_view bytes) {
    ssize_t sent = 0;
    do {
        sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) return {Transfer::Outcome::moved, static_cast<std::size_t>(sent)};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {Transfer::Outcome::would_block, 0};
    return {Transfer::Outcome::ended, 0};
}

bool wait_ready(const UniqueFd& socket, Direction direction, std::chrono::milliseconds timeout) {
    using std::chrono::steady_clock;
    const auto end = steady_clock::now() + timeout;
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - steady_clock::now()).count();
        pollfd entry{socket.get(), static_cast<short>(direction == Direction::read ? POLLIN : POLLOUT), 0};
        const int ready = ::poll(&entry, 1, left > 0 ? static_cast<int>(left) : 0);
        if (ready > 0) return true;
        if (ready == 0 || errno != EINTR) return false;
    }
}

bool peer_has_closed(const UniqueFd& socket) {
    char byte = 0;
    ssize_t got = 0;
    do {
        got = ::recv(socket.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
}

void shut_down_writing(const UniqueFd& socket) {
    (void)::shutdown(socket.get(), SHUT_WR);
}

}  // namespace hutch::sys
