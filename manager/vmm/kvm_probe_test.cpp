#include "manager/vmm/kvm_probe.hpp"

#include <algorithm>
#include <iostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

namespace hutch::vmm {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

const std::filesystem::path device = "/dev/kvm";

/// What a flawless processor would give for `count` of the trials.
KvmGuestRun run_of(const std::vector<KvmTrial>& trials, std::size_t count) {
    KvmGuestRun run;
    run.begun = count;
    run.data.resize(kvm_guest_data_bytes);
    for (std::size_t index = 0; index < count; ++index)
        std::copy(trials[index].expected.begin(), trials[index].expected.end(),
                  run.data.begin() + static_cast<std::ptrdiff_t>(trials[index].offset));
    return run;
}

TEST(KvmProbe, AMissingDeviceIsSaid) {
    const Probe probe = probe_kvm("/nonexistent/kvm");
    EXPECT_FALSE(probe.usable);
    EXPECT_THAT(probe.report, HasSubstr("open /nonexistent/kvm: No such file or directory"));
    EXPECT_THAT(probe.report, HasSubstr("no hardware virtualization"));
}

TEST(KvmProbe, ADeviceThatIsNotKvmIsSaid) {
    const Probe probe = probe_kvm("/dev/null");
    EXPECT_FALSE(probe.usable);
    EXPECT_THAT(probe.report, HasSubstr("KVM_GET_API_VERSION"));
}

TEST(KvmProbe, AllTrialsAndAHaltAreUsable) {
    const auto trials = kvm_trials();
    KvmGuestRun run = run_of(trials, trials.size());
    run.completed = true;
    run.exit = "KVM_EXIT_HLT";
    const Probe probe = judge_kvm_run(trials, run);
    EXPECT_TRUE(probe.usable);
    for (const KvmTrial& trial : trials) EXPECT_THAT(probe.report, HasSubstr(trial.step.name));
    EXPECT_THAT(probe.report, HasSubstr("KVM_EXIT_HLT"));
}

TEST(KvmProbe, TheInstructionThatFailedIsNamed) {
    const auto trials = kvm_trials();
    for (std::size_t failing = 0; failing < trials.size(); ++failing) {
        KvmGuestRun run = run_of(trials, failing);
        run.begun = failing + 1;
        run.exit = "KVM_EXIT_INTERNAL_ERROR";
        const Probe probe = judge_kvm_run(trials, run);
        EXPECT_FALSE(probe.usable);
        EXPECT_EQ(probe.problem, std::string(trials[failing].step.name) + " failed: KVM_EXIT_INTERNAL_ERROR");
        EXPECT_THAT(probe.report, EndsWith("then " + probe.problem));
    }
}

TEST(KvmProbe, NotEvenTheFirstPortWriteIsSaid) {
    const auto trials = kvm_trials();
    KvmGuestRun run = run_of(trials, 0);
    run.exit = "KVM_EXIT_FAIL_ENTRY";
    const Probe probe = judge_kvm_run(trials, run);
    EXPECT_FALSE(probe.usable);
    EXPECT_THAT(probe.report,
                HasSubstr("no instruction ran; then the first port write failed: KVM_EXIT_FAIL_ENTRY"));
}

TEST(KvmProbe, AWrongResultIsNotUsable) {
    const auto trials = kvm_trials();
    for (const KvmTrial& trial : trials) {
        KvmGuestRun run = run_of(trials, trials.size());
        run.completed = true;
        run.data[trial.offset] ^= 1;
        const Probe probe = judge_kvm_run(trials, run);
        EXPECT_FALSE(probe.usable);
        EXPECT_THAT(probe.report, HasSubstr(std::string(trial.step.name) + " gave a wrong result"));
    }
}

TEST(KvmProbe, TrialsHaveTheirOwnPlaces) {
    std::vector<bool> taken(kvm_guest_data_bytes);
    for (const KvmTrial& trial : kvm_trials()) {
        ASSERT_FALSE(trial.expected.empty()) << trial.step.name;
        ASSERT_LE(trial.offset + trial.expected.size(), kvm_guest_data_bytes);
        for (std::size_t index = 0; index < trial.expected.size(); ++index) {
            EXPECT_FALSE(taken[trial.offset + index]) << trial.step.name;
            taken[trial.offset + index] = true;
        }
        EXPECT_TRUE(std::any_of(trial.expected.begin(), trial.expected.end(),
                                [](std::uint8_t byte) { return byte != 0; }))
            << trial.step.name << " would not show that it never ran: the page is zero before";
    }
}

/// The host's own KVM, whatever it can do: the answer must agree with itself.
TEST(KvmProbe, TheHostsDeviceGivesAConsistentAnswer) {
    const Probe probe = probe_kvm();
    std::cout << "usable: " << probe.usable << "; " << probe.report << '\n';
    EXPECT_FALSE(probe.report.empty());
    if (probe.usable) {
        for (const KvmTrial& trial : kvm_trials()) EXPECT_THAT(probe.report, HasSubstr(trial.step.name));
        EXPECT_THAT(probe.report, HasSubstr("hlt; last exit KVM_EXIT_HLT"));
        EXPECT_EQ(probe.problem, "");
    } else {
        EXPECT_THAT(probe.report, Not(HasSubstr("hlt; last exit")));
        EXPECT_NE(probe.problem, "");
    }
}

/// Cases for hosts whose KVM gets as far as a vCPU that executes a port write, usable or not.
class KvmGuest : public ::testing::Test {
protected:
    void SetUp() override {
        const auto run = run_in_vcpu(device, std::vector<KvmGuestStep>{}, 2s);
        if (!run) GTEST_SKIP() << run.error().message;
        if (!run->completed) GTEST_SKIP() << run->exit;
    }
};

TEST_F(KvmGuest, AnEndlessLoopIsEnded) {
    const std::vector<KvmGuestStep> steps = {{"jmp self", {0xeb, 0xfe}}};
    const auto run = run_in_vcpu(device, steps, 20ms);
    ASSERT_TRUE(run) << run.error().message;
    EXPECT_EQ(run->begun, 1U);
    EXPECT_FALSE(run->completed);
    EXPECT_THAT(run->exit, HasSubstr("watchdog"));
}

TEST_F(KvmGuest, TheThreadsSignalsAreAsBefore) {
    sigset_t before;
    sigset_t after;
    ::sigemptyset(&before);
    ::sigemptyset(&after);
    ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
    const std::vector<KvmGuestStep> steps = {{"jmp self", {0xeb, 0xfe}}};
    ASSERT_TRUE(run_in_vcpu(device, steps, 20ms));
    ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
    sigset_t pending;
    ::sigpending(&pending);
    EXPECT_FALSE(::sigismember(&pending, SIGRTMAX));
    for (int signal = 1; signal <= SIGRTMAX; ++signal)
        EXPECT_EQ(::sigismember(&before, signal), ::sigismember(&after, signal)) << signal;
}

TEST_F(KvmGuest, AnExceptionEndsTheGuest) {
    const std::vector<KvmGuestStep> steps = {{"nop", {0x90}}, {"ud2", {0x0f, 0x0b}}, {"nop", {0x90}}};
    const auto run = run_in_vcpu(device, steps, 2s);
    ASSERT_TRUE(run) << run.error().message;
    EXPECT_EQ(run->begun, 2U);
    EXPECT_FALSE(run->completed);
    EXPECT_THAT(run->exit, HasSubstr("KVM_EXIT_SHUTDOWN"));
}

TEST_F(KvmGuest, AHaltBeforeTheEndIsNotCompletion) {
    const std::vector<KvmGuestStep> steps = {{"hlt", {0xf4}}, {"nop", {0x90}}};
    const auto run = run_in_vcpu(device, steps, 2s);
    ASSERT_TRUE(run) << run.error().message;
    EXPECT_EQ(run->begun, 1U);
    EXPECT_FALSE(run->completed);
    EXPECT_EQ(run->exit, "KVM_EXIT_HLT");
}

TEST_F(KvmGuest, WhatTheGuestWroteIsRead) {
    const std::vector<KvmGuestStep> steps = {{"mov byte [rdi+1], 7", {0xc6, 0x47, 0x01, 0x07}}};
    const auto run = run_in_vcpu(device, steps, 2s);
    ASSERT_TRUE(run) << run.error().message;
    EXPECT_TRUE(run->completed);
    ASSERT_EQ(run->data.size(), kvm_guest_data_bytes);
    EXPECT_EQ(run->data[0], 0);
    EXPECT_EQ(run->data[1], 7);
}

TEST(KvmGuestProgram, OneThatDoesNotFitIsRefused) {
    const std::vector<KvmGuestStep> steps = {{"nops", std::vector<std::uint8_t>(64 * 1024, 0x90)}};
    const auto run = run_in_vcpu(device, steps, 2s);
    ASSERT_FALSE(run);
    EXPECT_EQ(run.error().code, "guest_too_large");
    EXPECT_EQ(run_in_vcpu(device, std::vector<KvmGuestStep>(300), 2s).error().code, "guest_too_large");
}

}  // namespace
}  // namespace hutch::vmm
