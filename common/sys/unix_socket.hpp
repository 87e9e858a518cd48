#pragma once

// Unix stream sockets in directories whose path may be longer than sun_path: everything goes through
// /proc/self/fd/<directory>/<name>.

#include <string>

#include "common/result.hpp"
#include "common/sys/unique_fd.hpp"

namespace hutch::sys {

/// Binds and listens on `name` in `directory` (an O_PATH descriptor will do). A leftover socket of that name
/// is replaced. `backlog` as in listen(2). Mode 0600.
[[nodiscard]] Result<UniqueFd> listen_unix(const UniqueFd& directory, const std::string& name, int backlog);

/// Connects to `name` in `directory`. A full backlog or no listener is an error at once.
[[nodiscard]] Result<UniqueFd> connect_unix(const UniqueFd& directory, const std::string& name);

struct SocketPair {
    UniqueFd ours;
    UniqueFd theirs;
};
/// A connected pair of SOCK_SEQPACKET sockets.
[[nodiscard]] Result<SocketPair> make_socket_pair();

}  // namespace hutch::sys
