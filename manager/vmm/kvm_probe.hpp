#pragma once

// Whether KVM runs ordinary guests on this host, found by running instructions. A device file, a
// KVM_CREATE_VM that succeeds and the processor's flags do not tell: there are hosts whose KVM emulates the
// guest's instructions and knows only some of them.

#include <filesystem>
#include <span>

#include "manager/vmm/kvm_guest.hpp"
#include "manager/vmm/kvm_trials.hpp"
#include "manager/vmm/probe.hpp"

namespace hutch::vmm {

/// Runs instructions that every 64-bit operating system uses, one after another, in a vCPU of `device` (about
/// 5 ms; at most 2 s). Usable: all of them ran, gave what they must give, and the guest halted. Otherwise the
/// report names the first that did not and KVM's exit, or the step of the setup that failed. Any thread.
[[nodiscard]] Probe probe_kvm(const std::filesystem::path& device = "/dev/kvm");

/// What a run of `trials` means: the part of probe_kvm that needs no KVM.
[[nodiscard]] Probe judge_kvm_run(std::span<const KvmTrial> trials, const KvmGuestRun& run);

}  // namespace hutch::vmm
