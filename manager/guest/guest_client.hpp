#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "common/sys/unique_fd.hpp"
#include "manager/guest/exec.hpp"

namespace hutch::guest {

class AgentConnection;

/// Speaks HTTP with one guest's agent over the VM's hybrid vsock socket, on kept-alive connections. Any
/// thread; calls run beside each other, each on a connection of its own. Everything the guest sends is
/// limited: the length of lines, headers and bodies, and the time until the whole answer must be there. A
/// guest that breaks off, lies or falls silent is `guest_failed`.
class GuestClient {
public:
    /// `vm_directory` holds `vsock.sock`.
    [[nodiscard]] static Result<std::unique_ptr<GuestClient>> create(
        const std::filesystem::path& vm_directory);
    ~GuestClient();

    /// A 4xx of the agent (a bad working directory, too many execs) keeps its kind: invalid_argument,
    /// too_many_requests, payload_too_large.
    [[nodiscard]] Result<ExecResult> exec(const ExecRequest& request);

    /// Asks the guest to stop its workload, sync and power off; returns when it has accepted.
    [[nodiscard]] Result<void> shutdown(std::chrono::milliseconds timeout);

private:
    struct Answer {
        int status = 0;
        std::string body;
    };

    explicit GuestClient(sys::UniqueFd directory);
    [[nodiscard]] Result<Answer> post(
        const char* path, const std::string& body, std::chrono::milliseconds timeout,
        const std::function<void(std::function<void()>)>& when_caller_leaves = {});
    [[nodiscard]] std::unique_ptr<AgentConnection> take_connection();
    void keep_connection(std::unique_ptr<AgentConnection> connection);

    sys::UniqueFd directory_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<AgentConnection>> idle_;  ///< guarded by mutex_
};

}  // namespace hutch::guest
