#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "manager/vmm/kvm_guest.hpp"

namespace hutch::vmm {

/// One instruction to try in a vCPU, and what it must leave in the data page when the processor, or KVM's
/// emulator, is right.
struct KvmTrial {
    KvmGuestStep step;
    std::size_t offset = 0;              ///< in the data page
    std::vector<std::uint8_t> expected;  ///< the bytes there
};

/// The instructions that the probe runs, from what every program does to what operating systems need.
[[nodiscard]] std::vector<KvmTrial> kvm_trials();

}  // namespace hutch::vmm
