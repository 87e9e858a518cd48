#include "manager/vm/ready_port.hpp"

#include <algorithm>
#include <cerrno>
#include <string>

#include <poll.h>
#include <sys/socket.h>

#include "common/guest_contract.hpp"
#include "common/sys/unix_socket.hpp"

namespace hutch::vm {

namespace {

using Clock = std::chrono::steady_clock;

/// Waits until `fd` is readable.
Result<void> wait_readable(int fd, const std::vector<int>& exit_descriptors, Clock::time_point deadline) {
    std::vector<pollfd> entries{{fd, POLLIN, 0}};
    for (const int exit_descriptor : exit_descriptors) entries.push_back({exit_descriptor, POLLIN, 0});
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        const int ready = ::poll(entries.data(), entries.size(),
                                 static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30)));
        if (ready < 0 && errno == EINTR) continue;
        if (ready < 0) return fail_errno("wait for guest", errno);
        if (ready == 0)
            return fail(ErrorKind::timed_out, "boot_timeout", "the guest's agent did not get ready in time");
        if (entries[0].revents != 0) return {};
        return fail(ErrorKind::guest_failed, "boot_failed", "the guest ended before its agent was ready");
    }
}

}  // namespace

Result<ReadyPort> ReadyPort::open(const sys::UniqueFd& vm_directory) {
    HUTCH_TRY(sys::UniqueFd listener,
              sys::listen_unix(vm_directory, "vsock.sock_" + std::to_string(guest_contract::ready_port), 1));
    return ReadyPort(std::move(listener));
}

Result<guest::Ready> ReadyPort::wait(const std::vector<int>& exit_descriptors,
                                     std::chrono::milliseconds timeout) const {
    const auto deadline = Clock::now() + timeout;
    HUTCH_CHECK(wait_readable(listener_.get(), exit_descriptors, deadline));
    const sys::UniqueFd connection(
        ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection) return fail_errno("accept the guest's ready connection", errno);
    std::string line;
    while (line.size() < guest_contract::max_ready_line) {
        HUTCH_CHECK(wait_readable(connection.get(), exit_descriptors, deadline));
        char buffer[512];
        const ssize_t count = ::recv(connection.get(), buffer, sizeof buffer, 0);
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (count <= 0)
            return fail(ErrorKind::guest_failed, "boot_failed", "the guest broke off its ready message");
        line.append(buffer, static_cast<std::size_t>(count));
        if (const std::size_t end = line.find('\n'); end != std::string::npos)
            return guest::parse_ready(std::string_view(line).substr(0, end));
    }
    return fail(ErrorKind::guest_failed, "boot_failed", "the guest's ready message is overlong");
}

}  // namespace hutch::vm
