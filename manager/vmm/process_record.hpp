#pragma once

// The list of a VM's host processes, `vms/<id>/processes`, kept so that a manager started after a crash can
// end them.

#include <filesystem>

#include <sys/types.h>

#include "common/result.hpp"

namespace hutch::vmm {

/// Adds `pid` with its start time, which tells it from a later process with the same number.
[[nodiscard]] Result<void> record_process(const std::filesystem::path& vm_directory, pid_t pid);

/// Kills every recorded process that still runs, waits until it is gone, and removes the list. No list is
/// success.
[[nodiscard]] Result<void> end_recorded_processes(const std::filesystem::path& vm_directory);

}  // namespace hutch::vmm
