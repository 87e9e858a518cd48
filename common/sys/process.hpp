#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "common/result.hpp"
#include "common/sys/unique_fd.hpp"

namespace hutch::sys {

/// How a process ended.
struct ExitStatus {
    int exit_code = 0;  ///< when `signal` is 0
    int signal = 0;     ///< the signal that killed it, else 0

    /// "exit code 3" or "signal 9 (Killed)".
    [[nodiscard]] std::string describe() const;
};

/// A child of this process, held by its pidfd. Kills and reaps it on destruction: a forgotten child cannot
/// outlive its owner. Any thread, one at a time.
class ChildProcess {
public:
    /// Adopts `pid`, a child of this process that nobody has reaped.
    [[nodiscard]] static Result<ChildProcess> adopt(pid_t pid);
    ChildProcess(ChildProcess&&) noexcept = default;
    ChildProcess& operator=(ChildProcess&& other) noexcept;
    ~ChildProcess();

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    /// Readable (poll) when the process has ended.
    [[nodiscard]] const UniqueFd& pidfd() const noexcept { return pidfd_; }
    /// Sends a signal; one that has ended already is success.
    [[nodiscard]] Result<void> send_signal(int signal) const;
    /// Waits at most `timeout`; empty when it still runs. Reaps.
    [[nodiscard]] Result<std::optional<ExitStatus>> wait_for(std::chrono::milliseconds timeout);
    /// Waits without limit. Reaps.
    [[nodiscard]] Result<ExitStatus> wait();

private:
    ChildProcess(pid_t pid, UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
    void end() noexcept;

    pid_t pid_ = -1;
    UniqueFd pidfd_;
    std::optional<ExitStatus> status_;
};

/// A descriptor of ours that the spawned program sees under a number of its own.
struct InheritedFd {
    int from;  ///< ours
    int to;    ///< in the child
};

/// posix_spawn of `argv` (argv[0] is a path) with exactly `environment` and, besides them, only the
/// descriptors named: all others are closed, also those that this process inherited. Descriptors 0–2 that are
/// not named are /dev/null.
[[nodiscard]] Result<ChildProcess> spawn(const std::vector<std::string>& argv,
                                         const std::vector<std::string>& environment,
                                         const std::vector<InheritedFd>& descriptors);

}  // namespace hutch::sys
