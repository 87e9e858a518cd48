#pragma once

#include <cstdint>

#include "common/result.hpp"
#include "common/sys/unique_fd.hpp"

namespace hutch::guest_agent {

/// Listens on a vsock port of this guest.
[[nodiscard]] Result<sys::UniqueFd> listen_vsock(std::uint32_t port);
/// Connects to a vsock port of the host.
[[nodiscard]] Result<sys::UniqueFd> connect_to_host(std::uint32_t port);
/// The next connection. One that does not come from the host is closed and passed over.
[[nodiscard]] Result<sys::UniqueFd> accept_from_host(const sys::UniqueFd& listener);

}  // namespace hutch::guest_agent
