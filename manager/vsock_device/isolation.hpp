#pragma once

// What the device gives up by itself before it reads a byte of a front-end or guest. Its namespaces, root and
// system call filter are the launcher's business (hutch-jail); this is in addition.

#include <cstddef>

#include "common/result.hpp"

namespace hutch::vsock {

/// No core dump, no tracing by processes of the same user, no new privileges, no death by SIGPIPE.
[[nodiscard]] Result<void> isolate();

/// Raises the limit of open files to its hard limit. How many connections then fit, at most `wanted`.
[[nodiscard]] std::size_t make_room_for_connections(std::size_t wanted);

}  // namespace hutch::vsock
