#include "manager/jail/launcher.hpp"

#include <cerrno>
#include <charconv>
#include <optional>
#include <string>

#include <poll.h>
#include <sys/socket.h>

#include "common/sys/file.hpp"
#include "common/sys/unix_socket.hpp"

namespace hutch::jail {

namespace {

/// A jail is built in milliseconds; one that takes this long never will be.
constexpr int step_timeout_ms = 20'000;

/// The next message of hutch-jail; empty at end of file.
Result<std::string> receive(const sys::UniqueFd& status) {
    pollfd entry{status.get(), POLLIN, 0};
    const int ready = ::poll(&entry, 1, step_timeout_ms);
    if (ready == 0) return fail(ErrorKind::timed_out, "jail_timeout", "the jail did not get ready in time");
    char buffer[4096];
    const ssize_t count = ready < 0 ? -1 : ::recv(status.get(), buffer, sizeof buffer, 0);
    if (count < 0 && errno == EINTR) return receive(status);
    if (count < 0) return fail_errno("read jail status", errno);
    return std::string(buffer, static_cast<std::size_t>(count));
}

std::optional<pid_t> parse_pid(const std::string& message) {
    constexpr std::string_view prefix = "pid ";
    if (!message.starts_with(prefix)) return std::nullopt;
    pid_t pid = 0;
    const auto [end, error] =
        std::from_chars(message.data() + prefix.size(), message.data() + message.size(), pid);
    if (error != std::errc{} || end != message.data() + message.size() || pid <= 0) return std::nullopt;
    return pid;
}

tl::unexpected<Error> jail_failed(const Specification& specification, const std::string& message) {
    return fail(ErrorKind::internal, "jail_failed", "jail for " + specification.program + ": " + message);
}

}  // namespace

Result<sys::ChildProcess> Launcher::launch(const Specification& specification,
                                           const std::vector<sys::InheritedFd>& descriptors,
                                           const RecordPid& record_pid) const {
    HUTCH_TRY(const sys::UniqueFd memory,
              sys::sealed_memory_file("jail-specification", to_json(specification)));
    HUTCH_TRY(sys::SocketPair status, sys::make_socket_pair());
    std::vector<sys::InheritedFd> inherited = descriptors;
    inherited.push_back({memory.get(), specification_fd});
    inherited.push_back({status.theirs.get(), status_fd});
    HUTCH_TRY(sys::ChildProcess builder, sys::spawn({jail_program_.string()}, {}, inherited));
    status.theirs.reset();

    HUTCH_TRY(const std::string first, receive(status.ours));
    const auto pid = parse_pid(first);
    if (!pid) return jail_failed(specification, first.empty() ? "hutch-jail ended without a word" : first);
    HUTCH_TRY(sys::ChildProcess program, sys::ChildProcess::adopt(*pid));
    HUTCH_TRY(const sys::ExitStatus built, builder.wait());
    HUTCH_CHECK(record_pid(*pid));
    if (built.exit_code != 0 || built.signal != 0) {
        HUTCH_TRY(const std::string message, receive(status.ours));
        return jail_failed(specification, message.empty() ? "hutch-jail: " + built.describe() : message);
    }
    if (::send(status.ours.get(), "go", 2, MSG_NOSIGNAL) != 2)
        return fail_errno("start jailed program", errno);
    HUTCH_TRY(const std::string outcome, receive(status.ours));
    if (!outcome.empty()) return jail_failed(specification, outcome);
    return program;
}

}  // namespace hutch::jail
