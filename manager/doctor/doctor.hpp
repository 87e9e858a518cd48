#pragma once

// `hutchd doctor`: what this host can do, found by trying it, and which driver is chosen. Leaves nothing
// behind. Owner: main.

#include "manager/config/command_line.hpp"
#include "manager/config/config.hpp"
#include "manager/doctor/report.hpp"

namespace hutch::doctor {

/// Looks at everything: about a second, half a minute when the guest's kernel hangs. May run beside a manager
/// with the same data folder. One thread.
[[nodiscard]] Report examine(const config::Config& config);

/// Prints examine()'s report on stdout. The process's exit status: 0 when some driver is usable and nothing
/// failed, else 1.
[[nodiscard]] int run(const config::Config& config, config::OutputFormat format);

}  // namespace hutch::doctor
