#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "manager/jail/specification.hpp"

namespace hutch::vmm::uml {

/// The jail of a user-mode kernel: the kernel itself, a memory file system for the guest's memory, and
/// nothing else. The caller adds the guest's disks. `memory_mib`: the guest's memory.
[[nodiscard]] jail::Specification kernel_jail(const std::filesystem::path& kernel,
                                              std::vector<std::string> arguments, int memory_mib, int cpu);

}  // namespace hutch::vmm::uml
