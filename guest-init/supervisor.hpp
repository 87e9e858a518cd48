#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <sys/types.h>

#include "common/result.hpp"
#include "common/sys/unique_fd.hpp"
#include "guest-init/console.hpp"
#include "guest-init/restart_policy.hpp"

namespace hutch::guest_init {

/// The rest of PID 1's life: keeps the agent running, reaps every orphan, writes the agent's log to the
/// console. One thread.
class Supervisor {
public:
    /// `agent` is the program's path; `environment` is given to it as it is. Blocks the signals that `run`
    /// waits for.
    [[nodiscard]] static Result<Supervisor> create(std::string agent, std::vector<std::string> environment);

    /// Starts the agent and returns when somebody asked for power-off: SIGTERM, SIGINT (ctrl-alt-del) or
    /// SIGPWR.
    void run();
    /// Kills the agent and everything that runs in the exec cgroups, and reaps them.
    void end_workload();

private:
    Supervisor(std::string agent, std::vector<std::string> environment, sys::UniqueFd signals,
               sys::UniqueFd log_read, sys::UniqueFd log_write);
    void start_agent();
    void reap();
    void read_signals();
    void read_log();

    std::string agent_;
    std::vector<std::string> environment_;
    sys::UniqueFd signals_;
    sys::UniqueFd log_read_;
    sys::UniqueFd log_write_;
    LogRelay log_;
    RestartPolicy policy_;
    pid_t agent_pid_ = -1;  ///< -1: not running, to be started at `start_at_`
    pid_t log_pid_ = -1;    ///< the process whose lines come through the log pipe
    RestartPolicy::Clock::time_point started_{};
    RestartPolicy::Clock::time_point start_at_{};
    bool power_off_ = false;
};

}  // namespace hutch::guest_init
