#pragma once

// TCP for a server: listening, accepting, and reading and writing without blocking.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.hpp"
#include "common/sys/unique_fd.hpp"

namespace hutch::sys {

/// Listens on a name or address and a port (0: any free one); non-blocking. A port that another program
/// listens on is an error.
[[nodiscard]] Result<UniqueFd> listen_tcp(const std::string& host, int port, int backlog);
/// The port a socket is bound to.
[[nodiscard]] Result<int> local_port(const UniqueFd& socket);

struct Accepted {
    UniqueFd socket;      ///< non-blocking, TCP_NODELAY
    std::string address;  ///< of the peer, numeric
};
/// Empty when nobody waits. Errors are of this process (no descriptors left), not of the peer.
[[nodiscard]] Result<std::optional<Accepted>> accept_tcp(const UniqueFd& listener);

/// How a transfer without blocking went.
struct Transfer {
    enum class Outcome { moved, would_block, ended };
    Outcome outcome = Outcome::moved;
    std::size_t bytes = 0;  ///< of `moved`
};
/// Appends up to `most` bytes to `buffer`. `ended`: end of stream, or a broken connection.
[[nodiscard]] Transfer receive_some(const UniqueFd& socket, std::string& buffer, std::size_t most);
/// Sends a part of `bytes`. `ended`: broken. No SIGPIPE.
[[nodiscard]] Transfer send_some(const UniqueFd& socket, std::string_view bytes);

enum class Direction { read, write };
/// Waits until a transfer would not block, or `timeout` is over: false then.
[[nodiscard]] bool wait_ready(const UniqueFd& socket, Direction direction, std::chrono::milliseconds timeout);
/// Whether the peer has closed its side, or the connection is broken. Takes nothing from the stream.
[[nodiscard]] bool peer_has_closed(const UniqueFd& socket);
/// Says that we send nothing more.
void shut_down_writing(const UniqueFd& socket);

}  // namespace hutch::sys
