#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "common/result.hpp"
#include "common/sys/process.hpp"
#include "manager/jail/specification.hpp"

namespace hutch::jail {

/// Starts programs through hutch-jail. Stateless; any thread.
class Launcher {
public:
    /// `jail_program`: path of hutch-jail.
    explicit Launcher(std::filesystem::path jail_program) : jail_program_(std::move(jail_program)) {}

    /// Called with the jailed process's pid before it does anything: write it down here, durably enough to
    /// find it after a crash of the manager. An error ends the process and the launch.
    using RecordPid = std::function<Result<void>(pid_t)>;

    /// Returns once the program has been executed in its jail. `descriptors`: what it inherits, targets 0–9.
    /// Errors name the step that failed; nothing is left behind then.
    [[nodiscard]] Result<sys::ChildProcess> launch(const Specification& specification,
                                                   const std::vector<sys::InheritedFd>& descriptors,
                                                   const RecordPid& record_pid) const;

private:
    std::filesystem::path jail_program_;
};

}  // namespace hutch::jail
