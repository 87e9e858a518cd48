#include "manager/vmm/kvm_exit.hpp"

#include <algorithm>
#include <initializer_list>

#include <gtest/gtest.h>
#include <linux/kvm.h>

namespace hutch::vmm {
namespace {

kvm_run exit_with(std::uint32_t reason) {
    kvm_run run{};
    run.exit_reason = reason;
    return run;
}

kvm_run emulation_failure(std::uint32_t words, std::uint8_t size, std::initializer_list<std::uint8_t> bytes) {
    kvm_run run = exit_with(KVM_EXIT_INTERNAL_ERROR);
    run.emulation_failure.suberror = KVM_INTERNAL_ERROR_EMULATION;
    run.emulation_failure.ndata = words;
    run.emulation_failure.flags = KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES;
    run.emulation_failure.insn_size = size;
    std::copy(bytes.begin(), bytes.end(), run.emulation_failure.insn_bytes);
    return run;
}

TEST(KvmExit, PlainExitsAreTheirName) {
    EXPECT_EQ(describe_kvm_exit(exit_with(KVM_EXIT_HLT)), "KVM_EXIT_HLT");
}

TEST(KvmExit, AnUnknownReasonIsItsNumber) {
    EXPECT_EQ(describe_kvm_exit(exit_with(4711)), "exit reason 4711");
}

TEST(KvmExit, AnEmulationFailureShowsTheInstruction) {
    EXPECT_EQ(describe_kvm_exit(emulation_failure(3, 3, {0xf0, 0x48, 0x0f})),
              "KVM_EXIT_INTERNAL_ERROR: suberror 1 (emulation failure), instruction bytes f0 48 0f");
}

TEST(KvmExit, InstructionBytesThatAreNotThereAreNotShown) {
    EXPECT_EQ(describe_kvm_exit(emulation_failure(0, 3, {0xf0, 0x48, 0x0f})),
              "KVM_EXIT_INTERNAL_ERROR: suberror 1 (emulation failure)");
}

TEST(KvmExit, AnInstructionSizeBeyondTheFieldIsCut) {
    EXPECT_EQ(describe_kvm_exit(emulation_failure(3, 255, {0xf0})),
              "KVM_EXIT_INTERNAL_ERROR: suberror 1 (emulation failure), instruction bytes "
              "f0 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
}

TEST(KvmExit, AFailedEntryTellsTheHardwareReason) {
    kvm_run run = exit_with(KVM_EXIT_FAIL_ENTRY);
    run.fail_entry.hardware_entry_failure_reason = 0x80000021;
    EXPECT_EQ(describe_kvm_exit(run), "KVM_EXIT_FAIL_ENTRY: hardware_entry_failure_reason 0x80000021");
}

TEST(KvmExit, AnUnknownExitTellsTheHardwareReason) {
    kvm_run run = exit_with(KVM_EXIT_UNKNOWN);
    run.hw.hardware_exit_reason = 0x3f;
    EXPECT_EQ(describe_kvm_exit(run), "KVM_EXIT_UNKNOWN: hardware_exit_reason 0x3f");
}

}  // namespace
}  // namespace hutch::vmm
