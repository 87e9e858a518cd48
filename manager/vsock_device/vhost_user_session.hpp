#pragma once

// The back-end's half of the vhost-user protocol: features, guest memory and the three rings of a vsock
// device.
//
// A ring runs while it has a size, addresses and a kick descriptor and is enabled; only then are its memory
// and the guest's touched. Anything out of order, size or range from the front-end is an error after which
// the session must not be used any more: the device ends. One thread.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/result.hpp"
#include "common/sys/unique_fd.hpp"
#include "manager/vsock_device/message_channel.hpp"
#include "manager/vsock_device/poller.hpp"
#include "manager/vsock_device/virtqueue.hpp"

namespace hutch::vsock {

/// The rings of a vsock device, by number.
enum class Ring : std::uint32_t { receive = 0, transmit = 1, event = 2 };
inline constexpr std::uint32_t ring_count = 3;

class VhostUserSession {
public:
    /// Kick descriptors are added to `poller` edge-triggered with `kick_token`; they are never read. It must
    /// outlive this.
    VhostUserSession(std::uint64_t guest_cid, Poller& poller, std::uint64_t kick_token)
        : guest_cid_(guest_cid), poller_(poller), kick_token_(kick_token) {}
    VhostUserSession(const VhostUserSession&) = delete;
    VhostUserSession& operator=(const VhostUserSession&) = delete;

    /// Carries a message out. The reply to send, if one is due.
    [[nodiscard]] Result<std::optional<std::vector<std::byte>>> handle(Message message);

    /// The queue of a ring, null while it does not run. Valid until the next handle().
    [[nodiscard]] Virtqueue* queue(Ring ring);
    /// Makes what was pushed visible and interrupts the guest when it asked for it.
    void publish(Ring ring);

private:
    struct RingSetup {
        Virtqueue::Setup setup;
        bool has_addresses = false;
        bool enabled = false;
        sys::UniqueFd kick;
        sys::UniqueFd call;
        sys::UniqueFd error;
        std::optional<Virtqueue> queue;
    };

    [[nodiscard]] Result<std::optional<std::vector<std::byte>>> carry_out(Message& message);
    [[nodiscard]] Result<void> set_features(const Message& message);
    [[nodiscard]] Result<void> set_protocol_features(const Message& message);
    [[nodiscard]] Result<void> set_memory_table(const Message& message);
    [[nodiscard]] Result<void> set_ring_state(Request request, const Message& message);
    [[nodiscard]] Result<void> set_ring_addresses(const Message& message);
    [[nodiscard]] Result<void> set_ring_descriptor(Request request, Message& message);
    [[nodiscard]] Result<std::vector<std::byte>> get_ring_base(const Message& message);
    [[nodiscard]] Result<std::vector<std::byte>> get_config(const Message& message) const;

    [[nodiscard]] Result<RingSetup*> ring_at(std::uint32_t index);
    /// Starts the ring when all is there, stops it when not.
    [[nodiscard]] Result<void> update(RingSetup& ring);
    void stop(RingSetup& ring);
    void set_kick(RingSetup& ring, sys::UniqueFd kick);

    std::uint64_t guest_cid_;
    Poller& poller_;
    std::uint64_t kick_token_;
    std::uint64_t features_ = 0;
    std::uint64_t protocol_features_ = 0;
    GuestMemory memory_;
    std::array<RingSetup, ring_count> rings_;
    sys::UniqueFd backend_request_;  ///< never written: user-mode Linux takes its interrupt by it, so it has
                                     ///< to stay open
};

}  // namespace hutch::vsock
