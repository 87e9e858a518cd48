#pragma once

// The device: one thread, one epoll loop over the front-end, the rings' kicks, the listener and the
// connections.

#include <array>
#include <memory>
#include <optional>

#include "common/result.hpp"
#include "common/sys/unique_fd.hpp"
#include "manager/vsock_device/message_channel.hpp"
#include "manager/vsock_device/muxer.hpp"
#include "manager/vsock_device/poller.hpp"
#include "manager/vsock_device/vhost_user_session.hpp"

namespace hutch::vsock {

class Device {
public:
    struct Setup {
        std::uint64_t guest_cid = 3;
        sys::UniqueFd front_end_listener;  ///< one vhost-user front-end is accepted on it
        sys::UniqueFd host_listener;       ///< host programs connect to it and name a port of the guest
        std::string host_socket_directory;
        Limits limits;
    };

    [[nodiscard]] static Result<std::unique_ptr<Device>> create(Setup setup);

    /// Serves until the front-end disconnects. Fails when the front-end or the guest breaks a rule that
    /// leaves nothing to go on with, or the host lacks what the device needs.
    [[nodiscard]] Result<void> run();

private:
    enum class Progress { idle, more };

    Device(Poller poller, Setup setup);
    [[nodiscard]] Result<void> accept_front_end();
    [[nodiscard]] Result<void> handle_event(const epoll_event& event);
    [[nodiscard]] Result<void> handle_messages();
    [[nodiscard]] Result<Progress> move_packets();
    [[nodiscard]] Result<bool> receive_into_guest();

    Poller poller_;
    Setup setup_;
    std::unique_ptr<Muxer> muxer_;
    std::optional<MessageChannel> channel_;
    std::optional<VhostUserSession> session_;
    bool front_end_gone_ = false;
    bool rings_ran_ = false;
};

}  // namespace hutch::vsock
