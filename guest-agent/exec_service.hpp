#pragma once

// Runs commands in the jail: layout of the order, output, timeout, limits, outcome (guest.md 4).

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "guest-agent/environment.hpp"
#include "guest-agent/exec_request.hpp"
#include "guest-agent/exec_result.hpp"
#include "guest-agent/spawner.hpp"

namespace hutch::guest_agent {

/// An exec that is over. Its place is given back when this is destroyed; do that after the caller has been
/// answered.
struct FinishedExec {
    ExecResult result;
    SlotLease lease;
};

/// Any thread.
class ExecService {
public:
    /// `spawner` must outlive it.
    explicit ExecService(Spawner& spawner);

    /// Runs one command to its end. `client` is the caller's socket: when the other side closes it, the
    /// command is killed, and the error says so. -1: nobody to watch.
    [[nodiscard]] Result<FinishedExec> run(const ExecRequest& request, int client);

    /// Finds out once what the image's /etc/profile adds to the environment, by running it in the jail.
    /// Commands wait for it, so start it early. When it fails, commands run with the basic environment; the
    /// log says why.
    void learn_login_environment();

private:
    struct Program;
    [[nodiscard]] Environment login_environment();
    [[nodiscard]] Program plan(const ExecRequest& request, Environment environment) const;
    [[nodiscard]] Result<FinishedExec> execute(const Program& program, std::chrono::milliseconds timeout,
                                               int client);

    Spawner& spawner_;
    std::string shell_;  ///< bash where the image has one, else sh
    std::mutex mutex_;
    std::condition_variable login_known_;
    std::optional<Environment> login_;
};

}  // namespace hutch::guest_agent
