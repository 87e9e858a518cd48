#include "manager/vmm/kvm_exit.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <linux/kvm.h>

namespace hutch::vmm {

namespace {

/// Names of the exit reasons that a vCPU without in-kernel devices can have; numbers from linux/kvm.h.
std::string reason_name(std::uint32_t reason) {
    switch (reason) {
        case KVM_EXIT_UNKNOWN:
            return "KVM_EXIT_UNKNOWN";
        case KVM_EXIT_EXCEPTION:
            return "KVM_EXIT_EXCEPTION";
        case KVM_EXIT_IO:
            return "KVM_EXIT_IO";
        case KVM_EXIT_HYPERCALL:
            return "KVM_EXIT_HYPERCALL";
        case KVM_EXIT_DEBUG:
            return "KVM_EXIT_DEBUG";
        case KVM_EXIT_HLT:
            return "KVM_EXIT_HLT";
        case KVM_EXIT_MMIO:
            return "KVM_EXIT_MMIO";
        case KVM_EXIT_IRQ_WINDOW_OPEN:
            return "KVM_EXIT_IRQ_WINDOW_OPEN";
        case KVM_EXIT_SHUTDOWN:
            return "KVM_EXIT_SHUTDOWN";
        case KVM_EXIT_FAIL_ENTRY:
            return "KVM_EXIT_FAIL_ENTRY";
        case KVM_EXIT_INTR:
            return "KVM_EXIT_INTR";
        case KVM_EXIT_INTERNAL_ERROR:
            return "KVM_EXIT_INTERNAL_ERROR";
        case KVM_EXIT_SYSTEM_EVENT:
            return "KVM_EXIT_SYSTEM_EVENT";
        case KVM_EXIT_NOTIFY:
            return "KVM_EXIT_NOTIFY";
        default:
            return fmt::format("exit reason {}", reason);
    }
}

std::string suberror_name(std::uint32_t suberror) {
    switch (suberror) {
        case KVM_INTERNAL_ERROR_EMULATION:
            return "emulation failure";
        case KVM_INTERNAL_ERROR_SIMUL_EX:
            return "exceptions at the same time";
        case KVM_INTERNAL_ERROR_DELIVERY_EV:
            return "an event could not be delivered";
        case KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON:
            return "unexpected exit of the processor";
        default:
            return "unknown";
    }
}

/// The bytes of the instruction that KVM could not emulate, when it tells them.
std::string instruction_bytes(const kvm_run& run) {
    const auto& failure = run.emulation_failure;
    // ndata counts 64-bit words: the flags and two words of instruction bytes are valid from three on
    if (failure.suberror != KVM_INTERNAL_ERROR_EMULATION || failure.ndata < 3 ||
        (failure.flags & KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES) == 0)
        return {};
    std::string text = ", instruction bytes";
    const std::size_t count = std::min<std::size_t>(failure.insn_size, sizeof failure.insn_bytes);
    for (std::size_t index = 0; index < count; ++index)
        text += fmt::format(" {:02x}", failure.insn_bytes[index]);
    return text;
}

}  // namespace

std::string describe_kvm_exit(const kvm_run& run) {
    const std::string name = reason_name(run.exit_reason);
    switch (run.exit_reason) {
        case KVM_EXIT_UNKNOWN:
            return fmt::format("{}: hardware_exit_reason {:#x}", name,
                               std::uint64_t{run.hw.hardware_exit_reason});
        case KVM_EXIT_FAIL_ENTRY:
            return fmt::format("{}: hardware_entry_failure_reason {:#x}", name,
                               std::uint64_t{run.fail_entry.hardware_entry_failure_reason});
        case KVM_EXIT_EXCEPTION:
            return fmt::format("{}: exception {}, error code {:#x}", name, std::uint32_t{run.ex.exception},
                               std::uint32_t{run.ex.error_code});
        case KVM_EXIT_IO:
            return fmt::format("{}: port {:#x}", name, std::uint16_t{run.io.port});
        case KVM_EXIT_MMIO:
            return fmt::format("{}: address {:#x}", name, std::uint64_t{run.mmio.phys_addr});
        case KVM_EXIT_SHUTDOWN:
            return name + ": triple fault, the instruction raised an exception";
        case KVM_EXIT_INTERNAL_ERROR:
            return fmt::format("{}: suberror {} ({}){}", name, std::uint32_t{run.internal.suberror},
                               suberror_name(run.internal.suberror), instruction_bytes(run));
        default:
            return name;
    }
}

}  // namespace hutch::vmm
