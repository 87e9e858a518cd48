#pragma once

// One non-blocking Unix stream socket on the host's side of a connection: the system calls and what their
// results mean. One thread.

#include <cstddef>
#include <span>
#include <string_view>

#include <sys/uio.h>

#include "common/result.hpp"
#include "common/sys/unique_fd.hpp"

namespace hutch::vsock {

class StreamSocket {
public:
    enum class Status {
        moved,        ///< `bytes` went through, at least one
        would_block,  ///< nothing now; epoll will tell
        ended,        ///< reading: the peer sends no more. Writing: the peer takes no more
        bad_memory,   ///< a buffer is not memory any more: the front-end cut its memory file
    };
    struct Transfer {
        Status status = Status::would_block;
        std::size_t bytes = 0;
        bool drained = false;  ///< reading: nothing is left for now, so that epoll will tell about what comes
    };

    StreamSocket() = default;
    explicit StreamSocket(sys::UniqueFd fd) : fd_(std::move(fd)) {}

    /// Connects to the socket at `path` without waiting. A full backlog is an error.
    [[nodiscard]] static Result<StreamSocket> connect(std::string_view path);

    [[nodiscard]] Transfer read(std::span<iovec> parts);
    [[nodiscard]] Transfer write(std::span<const iovec> parts);
    /// Up to `into.size()` bytes that stay in the socket.
    [[nodiscard]] Transfer peek(std::span<char> into);
    /// `how` as in shutdown(2).
    void shutdown(int how);
    void close() { fd_.reset(); }

    [[nodiscard]] const sys::UniqueFd& fd() const { return fd_; }

private:
    sys::UniqueFd fd_;
};

}  // namespace hutch::vsock
