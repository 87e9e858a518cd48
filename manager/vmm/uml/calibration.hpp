#pragma once

#include <cstdint>
#include <filesystem>

#include "common/result.hpp"
#include "manager/jail/launcher.hpp"

namespace hutch::vmm::uml {

/// What running the kernel told.
struct Calibration {
    std::uint64_t loops_per_jiffy = 0;
    bool measured_now = false;  ///< false: read from `cache_file`
};

/// The kernel's delay-loop figure on this host: from `cache_file` when that was written for the same kernel
/// digest and CPU model, else by running the kernel in a jail on `cpu` until it prints it (about 0.1 s), and
/// written there. An error means that the kernel does not run on this host and says what it printed.
[[nodiscard]] Result<Calibration> calibrate(const jail::Launcher& launcher,
                                            const std::filesystem::path& kernel,
                                            const std::string& kernel_digest,
                                            const std::filesystem::path& cache_file, int cpu);

}  // namespace hutch::vmm::uml
