#pragma once

#include <string>

struct kvm_run;

namespace hutch::vmm {

/// The exit that KVM_RUN left in `run`, with the fields that tell why: "KVM_EXIT_FAIL_ENTRY:
/// hardware_entry_failure_reason 0x7".
[[nodiscard]] std::string describe_kvm_exit(const kvm_run& run);

}  // namespace hutch::vmm
