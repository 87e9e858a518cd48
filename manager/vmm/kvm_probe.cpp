#include "manager/vmm/kvm_probe.hpp"

#include <chrono>
#include <cstring>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manager/vmm/kvm_guest.hpp"

namespace hutch::vmm {

namespace {

/// The instructions take microseconds where they run at all, and milliseconds under nested emulation.
constexpr std::chrono::milliseconds timeout{2000};

std::string names(std::span<const KvmTrial> trials) {
    std::vector<std::string_view> list;
    for (const KvmTrial& trial : trials) list.push_back(trial.step.name);
    return fmt::format("{}", fmt::join(list, ", "));
}

/// The first trial that ran but left something else than it must; null when there is none.
const KvmTrial* first_wrong(std::span<const KvmTrial> ran, const KvmGuestRun& run) {
    for (const KvmTrial& trial : ran)
        if (std::memcmp(run.data.data() + trial.offset, trial.expected.data(), trial.expected.size()) != 0)
            return &trial;
    return nullptr;
}

/// What one can do about a device that cannot be opened; empty when there is nothing to say.
std::string advice(const std::filesystem::path& device) {
    struct stat status {};
    if (::stat(device.c_str(), &status) != 0)
        return "; this host offers no hardware virtualization, or the kvm module is not loaded";
    if (::access(device.c_str(), R_OK | W_OK) != 0)
        return fmt::format("; it belongs to uid {}, gid {}, mode {:o}", status.st_uid, status.st_gid,
                           status.st_mode & 07777U);
    return {};
}

}  // namespace

Probe judge_kvm_run(std::span<const KvmTrial> trials, const KvmGuestRun& run) {
    const auto ran = trials.first(run.completed || run.begun == 0 ? run.begun : run.begun - 1);
    const std::string done = ran.empty() ? "no instruction ran" : "ran " + names(ran);
    std::string problem;
    if (const KvmTrial* const wrong = first_wrong(ran, run)) {
        problem = fmt::format("{} gave a wrong result", wrong->step.name);
    } else if (run.completed) {
        return {true, fmt::format("{}, hlt; last exit {}", done, run.exit), ""};
    } else {
        problem =
            fmt::format("{} failed: {}",
                        run.begun == 0 ? "the first port write" : trials[run.begun - 1].step.name, run.exit);
    }
    return {false, fmt::format("{}; then {}", done, problem), problem};
}

Probe probe_kvm(const std::filesystem::path& device) {
    const std::vector<KvmTrial> trials = kvm_trials();
    std::vector<KvmGuestStep> steps;
    for (const KvmTrial& trial : trials) steps.push_back(trial.step);
    const auto run = run_in_vcpu(device, steps, timeout);
    if (!run) return {false, run.error().message + advice(device), run.error().message};
    return judge_kvm_run(trials, *run);
}

}  // namespace hutch::vmm
