#include "common/sys/process.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hutch::sys {

namespace {

std::vector<char*> null_terminated(const std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    for (const std::string& string : strings) pointers.push_back(const_cast<char*>(string.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

/// Owns posix_spawn's two attribute objects.
struct SpawnPlan {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    SpawnPlan() {
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
    }
    ~SpawnPlan() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;
};

}  // namespace

std::string ExitStatus::describe() const {
    if (signal != 0) return "signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")";
    return "exit code " + std::to_string(exit_code);
}

Result<ChildProcess> ChildProcess::adopt(pid_t pid) {
    UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd) return fail_errno("pidfd_open", errno);
    return ChildProcess(pid, std::move(pidfd));
}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
    if (this != &other) {
        end();
        pid_ = other.pid_;
        pidfd_ = std::move(other.pidfd_);
        status_ = other.status_;
    }
    return *this;
}

ChildProcess::~ChildProcess() {
    end();
}

void ChildProcess::end() noexcept {
    if (!pidfd_ || status_) return;
    (void)send_signal(SIGKILL);
    (void)wait();
}

Result<void> ChildProcess::send_signal(int signal) const {
    if (status_) return {};
    if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0) != 0 && errno != ESRCH)
        return fail_errno("send signal " + std::to_string(signal), errno);
    return {};
}

Result<std::optional<ExitStatus>> ChildProcess::wait_for(std::chrono::milliseconds timeout) {
    if (status_) return status_;
    pollfd entry{pidfd_.get(), POLLIN, 0};
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        const int ready =
            ::poll(&entry, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30)));
        if (ready < 0 && errno == EINTR) continue;
        if (ready < 0) return fail_errno("poll child", errno);
        if (ready == 0) return std::optional<ExitStatus>{};
        HUTCH_TRY(const ExitStatus status, wait());
        return std::optional(status);
    }
}

Result<ExitStatus> ChildProcess::wait() {
    if (status_) return *status_;
    siginfo_t info{};
    while (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED) != 0) {
        if (errno != EINTR) return fail_errno("wait for child", errno);
    }
    status_ = info.si_code == CLD_EXITED ? ExitStatus{info.si_status, 0} : ExitStatus{0, info.si_status};
    return *status_;
}

Result<ChildProcess> spawn(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                           const std::vector<InheritedFd>& descriptors) {
    SpawnPlan plan;
    // Sources first move above every target, so that no dup2 overwrites a source still needed.
    int above = 3;
    for (const InheritedFd& fd : descriptors) above = std::max(above, fd.to + 1);
    std::vector<UniqueFd> moved;
    for (const InheritedFd& fd : descriptors) {
        UniqueFd copy(::fcntl(fd.from, F_DUPFD_CLOEXEC, above));
        if (!copy) return fail_errno("duplicate descriptor", errno);
        posix_spawn_file_actions_adddup2(&plan.actions, copy.get(), fd.to);
        moved.push_back(std::move(copy));
    }
    for (int number = 0; number < above; ++number) {
        const bool named = std::any_of(descriptors.begin(), descriptors.end(),
                                       [&](const InheritedFd& fd) { return fd.to == number; });
        if (named) continue;
        if (number <= 2) posix_spawn_file_actions_addopen(&plan.actions, number, "/dev/null", O_RDWR, 0);
        if (number > 2) posix_spawn_file_actions_addclose(&plan.actions, number);
    }
    posix_spawn_file_actions_addclosefrom_np(&plan.actions, above);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&plan.attributes, &none);
    posix_spawnattr_setsigdefault(&plan.attributes, &all);
    posix_spawnattr_setflags(&plan.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

    pid_t pid = -1;
    const int error = ::posix_spawn(&pid, argv.at(0).c_str(), &plan.actions, &plan.attributes,
                                    null_terminated(argv).data(), null_terminated(environment).data());
    if (error != 0) return fail_errno("start " + argv[0], error);
    return ChildProcess::adopt(pid);
}

}  // namespace hutch::sys
