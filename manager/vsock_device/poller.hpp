#pragma once

// epoll, with a token per descriptor. One thread.

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include <sys/epoll.h>

#include "common/result.hpp"
#include "common/sys/unique_fd.hpp"

namespace hutch::vsock {

class Poller {
public:
    [[nodiscard]] static Result<Poller> create();

    /// `events` as in epoll_ctl(2); `token` comes back with each event.
    [[nodiscard]] Result<void> add(const sys::UniqueFd& fd, std::uint32_t events, std::uint64_t token);
    [[nodiscard]] Result<void> modify(const sys::UniqueFd& fd, std::uint32_t events, std::uint64_t token);
    /// Needed for descriptors that another process holds too: closing ours alone leaves them registered.
    void remove(const sys::UniqueFd& fd);

    /// Waits for events, at most `timeout` (none: without limit). Returns the filled part of `storage`.
    [[nodiscard]] Result<std::span<const epoll_event>> wait(std::span<epoll_event> storage,
                                                            std::optional<std::chrono::milliseconds> timeout);

private:
    explicit Poller(sys::UniqueFd epoll) : epoll_(std::move(epoll)) {}
    [[nodiscard]] Result<void> control(int operation, const sys::UniqueFd& fd, std::uint32_t events,
                                       std::uint64_t token);

    sys::UniqueFd epoll_;
};

}  // namespace hutch::vsock
