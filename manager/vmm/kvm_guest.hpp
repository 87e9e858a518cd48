#pragma once

// The smallest guest that KVM can run: 64 KiB of memory, one vCPU in 64-bit mode, no devices, no interrupts,
// no exception handlers. It exists to find out what this host's KVM really executes (kvm_probe.hpp). x86-64
// only.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace hutch::vmm {

/// Size of the guest's data page, in bytes.
inline constexpr std::size_t kvm_guest_data_bytes = 4096;

/// Machine code that the guest runs as one step. On entry RDI is the address of the data page (all zero
/// before the first step) and RSP a stack of 4 KiB; both must be the same at its end. All other registers and
/// the flags are the step's own.
struct KvmGuestStep {
    std::string_view name;
    std::vector<std::uint8_t> code;  ///< position-independent; all steps together at most 4 KiB
};

/// How far the guest came.
struct KvmGuestRun {
    std::size_t begun = 0;   ///< steps that were started, in order
    bool completed = false;  ///< all ran, and the guest halted
    std::string
        exit;  ///< the last exit in KVM's words: "KVM_EXIT_HLT", "KVM_EXIT_INTERNAL_ERROR: suberror 1 (…), …"
    std::vector<std::uint8_t> data;  ///< the data page at the end
};

/// Runs at most 100 `steps` one after another in a fresh VM of `device` (/dev/kvm), at most `timeout` long,
/// in the calling thread. What the guest or KVM did with the instructions is the result; an error means that
/// there was no vCPU to run them in, and names the step of the setup that failed. Uses the signal SIGRTMAX of
/// this thread while it runs. Any thread.
[[nodiscard]] Result<KvmGuestRun> run_in_vcpu(const std::filesystem::path& device,
                                              std::span<const KvmGuestStep> steps,
                                              std::chrono::milliseconds timeout);

}  // namespace hutch::vmm
