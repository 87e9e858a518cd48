#include "manager/guest/agent_connection.hpp"

#include <cerrno>
#include <string>

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/guest_contract.hpp"
#include "common/sys/file.hpp"
#include "common/sys/unix_socket.hpp"

namespace hutch::guest {

namespace {

constexpr const char* socket_name = "vsock.sock";
constexpr std::chrono::milliseconds connect_timeout{5'000};
/// "OK 4294967295\n" is 14 bytes.
constexpr std::size_t max_reply = 32;

/// Reads byte by byte, so that nothing of the conversation behind the line is swallowed.
Result<std::string> read_line(const sys::UniqueFd& socket, std::chrono::milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    std::string line;
    while (line.size() < max_reply) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd entry{socket.get(), POLLIN, 0};
        const int ready = left.count() <= 0 ? 0 : ::poll(&entry, 1, static_cast<int>(left.count()));
        if (ready < 0 && errno == EINTR) continue;
        if (ready < 0) return fail_errno("wait for the guest", errno);
        if (ready == 0)
            return fail(ErrorKind::guest_failed, "guest_silent",
                        "the guest did not accept a connection in time");
        char byte = 0;
        const ssize_t count = ::recv(socket.get(), &byte, 1, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0)
            return fail(ErrorKind::guest_failed, "guest_refused", "the guest refused the connection");
        if (byte == '\n') return line;
        line += byte;
    }
    return fail(ErrorKind::guest_failed, "guest_malformed_answer",
                "the vsock device answered with an overlong line");
}

}  // namespace

Result<sys::UniqueFd> connect_to_guest(const sys::UniqueFd& directory, std::uint32_t port,
                                       std::chrono::milliseconds timeout) {
    HUTCH_TRY(sys::UniqueFd socket, sys::connect_unix(directory, socket_name));
    HUTCH_CHECK(sys::write_all(socket, "CONNECT " + std::to_string(port) + "\n"));
    HUTCH_TRY(const std::string line, read_line(socket, timeout));
    if (!line.starts_with("OK "))
        return fail(ErrorKind::guest_failed, "guest_malformed_answer", "the vsock device did not answer OK");
    return socket;
}

AgentConnection::AgentConnection(const sys::UniqueFd& directory)
    : httplib::ClientImpl("guest"), directory_(directory) {
    set_keep_alive(true);
    set_decompress(false);
    set_follow_location(false);
}

bool AgentConnection::create_and_connect_socket(Socket& socket, httplib::Error& error) {
    connect_error_.clear();
    auto connected = connect_to_guest(directory_, guest_contract::agent_port, connect_timeout);
    if (!connected) {
        connect_error_ = connected.error().message;
        error = httplib::Error::Connection;
        return false;
    }
    socket.sock = connected->release();
    return true;
}

}  // namespace hutch::guest
