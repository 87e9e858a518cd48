#include "guest-init/supervisor.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/guest_layout.hpp"
#include "common/sys/file.hpp"

namespace hutch::guest_init {

namespace {

std::string describe(int status) {
    if (WIFSIGNALED(status)) return std::string("was killed by signal ") + std::to_string(WTERMSIG(status));
    return "ended with exit code " + std::to_string(WEXITSTATUS(status));
}

sigset_t watched_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGPWR}) sigaddset(&set, signal);
    return set;
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    for (std::string& string : strings) pointers.push_back(string.data());
    pointers.push_back(nullptr);
    return pointers;
}

void kill_execs() {
    const std::string path = std::string(guest_layout::exec_cgroup) + "/cgroup.kill";
    const sys::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd || ::write(fd.get(), "1", 1) != 1) say("kill the workload: " + std::string(::strerror(errno)));
}

}  // namespace

Result<Supervisor> Supervisor::create(std::string agent, std::vector<std::string> environment) {
    const sigset_t set = watched_signals();
    if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return fail_errno("block signals", errno);
    sys::UniqueFd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals) return fail_errno("signalfd", errno);
    HUTCH_TRY(sys::Pipe log, sys::make_pipe(O_NONBLOCK));
    return Supervisor(std::move(agent), std::move(environment), std::move(signals), std::move(log.read_end),
                      std::move(log.write_end));
}

Supervisor::Supervisor(std::string agent, std::vector<std::string> environment, sys::UniqueFd signals,
                       sys::UniqueFd log_read, sys::UniqueFd log_write)
    : agent_(std::move(agent)),
      environment_(std::move(environment)),
      signals_(std::move(signals)),
      log_read_(std::move(log_read)),
      log_write_(std::move(log_write)) {}

void Supervisor::start_agent() {
    std::vector<std::string> names{agent_};
    const std::vector<char*> arguments = pointers_to(names);
    const std::vector<char*> variables = pointers_to(environment_);
    const int log = log_write_.get();
    sigset_t none;
    sigemptyset(&none);
    started_ = RestartPolicy::Clock::now();
    const pid_t child = ::vfork();
    if (child == 0) {
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        ::dup2(log, STDOUT_FILENO);
        ::dup2(log, STDERR_FILENO);
        ::execve(agent_.c_str(), arguments.data(), variables.data());
        ::_exit(127);
    }
    if (child < 0) {
        say("start the agent: " + std::string(::strerror(errno)));
        start_at_ = started_ +
                    std::max(policy_.delay_after_death(started_, started_), std::chrono::milliseconds(100));
        return;
    }
    agent_pid_ = child;
    log_pid_ = child;
}

void Supervisor::reap() {
    int status = 0;
    for (pid_t pid = ::waitpid(-1, &status, WNOHANG); pid > 0; pid = ::waitpid(-1, &status, WNOHANG)) {
        if (pid != agent_pid_) continue;
        read_log();
        const auto now = RestartPolicy::Clock::now();
        const auto delay = policy_.delay_after_death(started_, now);
        say("the agent " + describe(status) + "; starting it again in " + std::to_string(delay.count()) +
            " ms");
        agent_pid_ = -1;
        start_at_ = now + delay;
        kill_execs();
    }
}

void Supervisor::read_signals() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD) continue;
        power_off_ = true;
    }
}

void Supervisor::read_log() {
    char bytes[4096];
    for (ssize_t count = ::read(log_read_.get(), bytes, sizeof bytes); count > 0;
         count = ::read(log_read_.get(), bytes, sizeof bytes)) {
        const auto lines = log_.take({bytes, static_cast<std::size_t>(count)}, RestartPolicy::Clock::now());
        for (const std::string& line : lines) {
            const std::string text =
                format_line(std::chrono::system_clock::now(), "hutch-agent", log_pid_, line);
            if (::write(STDOUT_FILENO, text.data(), text.size()) < 0) return;
        }
        if (static_cast<std::size_t>(count) < sizeof bytes) return;
    }
}

void Supervisor::run() {
    start_agent();
    while (!power_off_) {
        int timeout = -1;
        if (agent_pid_ < 0) {
            const auto left = start_at_ - RestartPolicy::Clock::now();
            const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(left).count();
            timeout = static_cast<int>(std::max<std::int64_t>(rounded, 0));
        }
        pollfd entries[] = {{signals_.get(), POLLIN, 0}, {log_read_.get(), POLLIN, 0}};
        if (::poll(entries, 2, timeout) < 0 && errno != EINTR) say("poll: " + std::string(::strerror(errno)));
        if (entries[1].revents != 0) read_log();
        if (entries[0].revents != 0) {
            read_signals();
            reap();
        }
        if (agent_pid_ < 0 && !power_off_ && RestartPolicy::Clock::now() >= start_at_) start_agent();
    }
}

void Supervisor::end_workload() {
    kill_execs();
    if (agent_pid_ > 0) ::kill(agent_pid_, SIGKILL);
    ::kill(-1, SIGKILL);  // whatever else there is, but not PID 1 itself
    while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
    }
    read_log();
}

}  // namespace hutch::guest_init
