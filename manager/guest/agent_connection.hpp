#pragma once

#include <chrono>

#include <httplib.h>

#include "common/result.hpp"
#include "common/sys/unique_fd.hpp"

namespace hutch::guest {

/// Connects to the hybrid vsock socket in `directory` and asks for `port`: "CONNECT <port>\n", answered "OK
/// <n>\n" within `timeout`.
[[nodiscard]] Result<sys::UniqueFd> connect_to_guest(const sys::UniqueFd& directory, std::uint32_t port,
                                                     std::chrono::milliseconds timeout);

/// One HTTP connection to the agent; reconnects when the last one was closed between calls. One thread at a
/// time.
class AgentConnection final : public httplib::ClientImpl {
public:
    /// `directory` must outlive it.
    explicit AgentConnection(const sys::UniqueFd& directory);

    /// Why the last connection attempt failed, empty if it did not.
    [[nodiscard]] const std::string& connect_error() const { return connect_error_; }

protected:
    bool create_and_connect_socket(Socket& socket, httplib::Error& error) override;

private:
    const sys::UniqueFd& directory_;
    std::string connect_error_;
};

}  // namespace hutch::guest
