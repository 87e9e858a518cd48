#pragma once

#include <chrono>
#include <filesystem>
#include <vector>

#include "common/result.hpp"
#include "common/sys/unique_fd.hpp"
#include "manager/guest/messages.hpp"

namespace hutch::vm {

/// The host's end of the ready signal: listens on `vsock.sock_1024` in a VM's directory until the agent has
/// said that it serves.
class ReadyPort {
public:
    [[nodiscard]] static Result<ReadyPort> open(const sys::UniqueFd& vm_directory);

    /// Waits for the agent's line. Ends early, with guest_failed, when one of `exit_descriptors` becomes
    /// readable (the machine has ended); with timed_out after `timeout`.
    [[nodiscard]] Result<guest::Ready> wait(const std::vector<int>& exit_descriptors,
                                            std::chrono::milliseconds timeout) const;

private:
    explicit ReadyPort(sys::UniqueFd listener) : listener_(std::move(listener)) {}

    sys::UniqueFd listener_;
};

}  // namespace hutch::vm
