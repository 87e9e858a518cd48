#include "guest-agent/exec_service.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/guest_contract.hpp"
#include "common/guest_layout.hpp"
#include "guest-agent/limit_hits.hpp"
#include "guest-agent/plain_command.hpp"
#include "guest-agent/workspace_path.hpp"

namespace hutch::guest_agent {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Longest single argument that execve takes, its NUL left out (MAX_ARG_STRLEN in the kernel's
/// include/uapi/linux/binfmts.h).
constexpr std::size_t max_argument = 131071;
constexpr milliseconds login_timeout{20'000};
/// How often the kill of an exec is repeated until everything is gone: a process may just be on its way into
/// the cgroup.
constexpr milliseconds kill_interval{20};
constexpr std::size_t read_bytes = 65536;

/// Prints the environment that /etc/profile leads to, NUL-separated. bash can do it without starting another
/// program.
constexpr char login_script[] = ". /etc/profile >/dev/null 2>&1 </dev/null; exec env -0";
constexpr char login_script_of_bash[] =
    ". /etc/profile >/dev/null 2>&1 </dev/null; "
    "while read -r name; do printf '%s=%s\\0' \"$name\" \"${!name}\"; done < <(compgen -e)";

/// True when the image has this file; symbolic links in it stay inside the image.
bool image_has(const char* path) {
    const sys::UniqueFd root(::open(guest_layout::merged, O_PATH | O_DIRECTORY | O_CLOEXEC));
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT;
    return static_cast<bool>(
        sys::UniqueFd(static_cast<int>(::syscall(SYS_openat2, root.get(), path, &how, sizeof how))));
}

std::string find_shell() {
    for (const char* shell : {"/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"})
        if (image_has(shell)) return shell;
    return "/bin/sh";
}

bool is_bash(const std::string& shell) {
    return shell.ends_with("/bash");
}

std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    pointers.reserve(strings.size() + 1);
    for (const std::string& string : strings) pointers.push_back(const_cast<char*>(string.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

/// Watches a running exec until it is over.
class Watch {
public:
    Watch(ExecSlot& slot, ExecResult& result, Clock::time_point deadline, int client)
        : slot_(slot), result_(result), deadline_(deadline), client_(client) {}

    /// False when the client went away.
    bool until_done() {
        bool client_there = true;
        for (bool done = false; !done;) {
            // `done` first: when it is seen, all output is there already and is seen in the same call.
            pollfd entries[] = {{slot_.done.get(), POLLIN, 0},
                                {slot_.stdout_read.get(), POLLIN, 0},
                                {slot_.stderr_read.get(), POLLIN, 0},
                                {client_there ? client_ : -1, POLLRDHUP, 0}};
            if (::poll(entries, 4, timeout()) < 0) continue;
            done = (entries[0].revents & POLLIN) != 0;
            if (entries[1].revents != 0) read(slot_.stdout_read, result_.out, done);
            if (entries[2].revents != 0) read(slot_.stderr_read, result_.err, done);
            if (entries[3].revents != 0) client_there = false;
            if (done) break;
            if (!client_there) killing_ = true;
            if (!killing_ && Clock::now() >= deadline_) result_.timed_out = killing_ = true;
            if (killing_ && Clock::now() >= next_kill_) kill();
        }
        return client_there;
    }

private:
    [[nodiscard]] int timeout() const {
        const auto left = (killing_ ? next_kill_ : deadline_) - Clock::now();
        return static_cast<int>(
            std::clamp<std::int64_t>(std::chrono::ceil<milliseconds>(left).count(), 0, INT_MAX));
    }

    void kill() {
        if (::write(slot_.cgroup_kill.get(), "1", 1) != 1)
            std::fprintf(stderr, "kill exec %u: %s\n", slot_.number, ::strerror(errno));
        next_kill_ = Clock::now() + kill_interval;
    }

    /// One read while the program runs. Once it is over, until the pipe is empty, but no more than a pipe can
    /// hold: another exec could have been handed its other end.
    void read(const sys::UniqueFd& pipe, CapturedOutput& output, bool to_the_end) {
        char bytes[read_bytes];
        for (std::size_t rounds = to_the_end ? 32 : 1; rounds > 0; --rounds) {
            const ssize_t count = ::read(pipe.get(), bytes, sizeof bytes);
            if (count <= 0) return;
            output.append({bytes, static_cast<std::size_t>(count)});
            pollfd entry{pipe.get(), POLLIN, 0};
            if (to_the_end && (static_cast<std::size_t>(count) < sizeof bytes || ::poll(&entry, 1, 0) != 1))
                return;
        }
    }

    ExecSlot& slot_;
    ExecResult& result_;
    Clock::time_point deadline_;
    Clock::time_point next_kill_{};
    int client_;
    bool killing_ = false;
};

tl::unexpected<Error> error_of(const ExecSlot& slot, const std::string& cwd) {
    const int error = slot.failure_errno;
    switch (slot.failure) {
        case SlotFailure::working_directory: {
            const char* why = error == ENOENT    ? "does not exist"
                              : error == ENOTDIR ? "is not a directory"
                                                 : ::strerror(error);
            return fail(ErrorKind::invalid_argument, "invalid_cwd", "cwd " + cwd + ": " + why);
        }
        case SlotFailure::exec:
            if (error == E2BIG)
                return fail(ErrorKind::invalid_argument, "invalid_env",
                            "cmd and env are together too large to start a program with");
            return fail_errno("start the shell", error);
        case SlotFailure::input:
            return fail_errno("hand over cmd or stdin", error);
        case SlotFailure::prepare:
        case SlotFailure::none:
            break;
    }
    return fail_errno("prepare the jailed process", error);
}

}  // namespace

/// What to exec, with the memory that the pointers of an ExecOrder point into.
struct ExecService::Program {
    std::string cwd{workspace};
    std::vector<std::string> shell_arguments;
    std::vector<std::string> shell_environment;
    std::vector<std::string> paths;  ///< to try before the shell, without one
    std::vector<std::string> words;
    std::vector<std::vector<std::string>> environments;  ///< one for each path
    std::string shell;
    const std::string* script = nullptr;
    const std::string* input = nullptr;
};

ExecService::ExecService(Spawner& spawner) : spawner_(spawner), shell_(find_shell()) {}

ExecService::Program ExecService::plan(const ExecRequest& request, Environment environment) const {
    Program program;
    program.cwd = request.cwd;
    program.shell = shell_;
    if (request.stdin_text) program.input = &*request.stdin_text;
    environment.merge(request.env);

    if (request.cmd.size() > max_argument) {
        program.script = &request.cmd;
        program.shell_arguments = {shell_, "/proc/self/fd/" + std::to_string(script_descriptor)};
    } else {
        program.shell_arguments = {shell_.substr(shell_.rfind('/') + 1), "-c", request.cmd};
        auto words = plain_command(request.cmd);
        if (words && is_bash(shell_) && lets_bash_be_skipped(environment)) {
            program.paths = candidates_for(words->front(), environment.get("PATH"));
            program.words = std::move(*words);
        }
    }
    program.shell_environment = environment.entries();
    for (const std::string& path : program.paths) {
        // what bash would have added for its child
        std::vector<std::string> entries = environment.entries();
        entries.push_back("SHLVL=0");
        entries.push_back("_=" + path);
        entries.push_back("PWD=" + program.cwd);
        program.environments.push_back(std::move(entries));
    }
    return program;
}

Result<FinishedExec> ExecService::execute(const Program& program, milliseconds timeout, int client) {
    HUTCH_TRY(SlotLease lease, spawner_.acquire());
    ExecSlot& slot = lease.slot();

    const std::vector<char*> shell_arguments = pointers_to(program.shell_arguments);
    const std::vector<char*> shell_environment = pointers_to(program.shell_environment);
    const std::vector<char*> words = pointers_to(program.words);
    std::vector<std::vector<char*>> environments;
    std::vector<ExecAttempt> attempts;
    std::vector<char> pwd(PATH_MAX + 5);
    ::memcpy(pwd.data(), "PWD=", 4);
    const bool elsewhere = program.cwd != workspace;
    for (std::size_t i = 0; i < program.paths.size(); ++i) {
        environments.push_back(pointers_to(program.environments[i]));
        // /workspace itself is known; anything below may lead through symbolic links, and bash tells the
        // physical path
        if (elsewhere) environments.back()[environments.back().size() - 2] = pwd.data();
        attempts.push_back({program.paths[i].c_str(), words.data(), environments.back().data()});
    }
    attempts.push_back({program.shell.c_str(), shell_arguments.data(), shell_environment.data()});

    slot.order = {.working_directory = program.cwd.c_str(),
                  .attempts = attempts.data(),
                  .attempt_count = attempts.size()};
    if (program.input != nullptr) {
        slot.order.stdin_bytes = program.input->data();
        slot.order.stdin_size = program.input->size();
    }
    if (program.script != nullptr) {
        slot.order.script_bytes = program.script->data();
        slot.order.script_size = program.script->size();
    }
    if (elsewhere && !program.paths.empty()) {
        slot.order.pwd_value = pwd.data() + 4;
        slot.order.pwd_capacity = pwd.size() - 4;
    }

    ExecResult result{.out = CapturedOutput(guest_contract::default_max_output),
                      .err = CapturedOutput(guest_contract::default_max_output)};
    const auto start = Clock::now();
    slot.command = SlotCommand::run;
    wake(slot.command);
    const bool client_there = Watch(slot, result, start + timeout, client).until_done();
    result.duration = std::chrono::duration_cast<milliseconds>(Clock::now() - start);
    result.wait_status = slot.wait_status;

    const LimitHits before = std::exchange(slot.hits, read_limit_hits(slot));
    result.oom_killed = slot.hits.oom_kills != before.oom_kills;
    result.pids_limited = slot.hits.pids_limits != before.pids_limits;
    if (!client_there)
        return fail(ErrorKind::guest_failed, "client_gone", "the caller went away; its command was killed");
    if (slot.failure != SlotFailure::none && !result.timed_out) return error_of(slot, program.cwd);
    return FinishedExec{std::move(result), std::move(lease)};
}

Result<FinishedExec> ExecService::run(const ExecRequest& request, int client) {
    return execute(plan(request, login_environment()), request.timeout, client);
}

Environment ExecService::login_environment() {
    std::unique_lock lock(mutex_);
    login_known_.wait(lock, [&] { return login_.has_value(); });
    return *login_;
}

void ExecService::learn_login_environment() {
    Environment environment = Environment::base();
    (void)environment.set("SHELL", shell_);
    if (image_has("/etc/profile")) {
        Program program;
        program.shell = shell_;
        program.shell_arguments = {shell_.substr(shell_.rfind('/') + 1), "-c",
                                   is_bash(shell_) ? login_script_of_bash : login_script};
        program.shell_environment = environment.entries();
        auto finished = execute(program, login_timeout, -1);
        const std::string_view text = finished ? finished->result.out.text() : std::string_view();
        const bool good = finished && finished->result.wait_status == 0 &&
                          !finished->result.out.truncated() && !text.empty();
        if (good) environment = Environment::from_null_separated(text);
        if (!good)
            std::fprintf(
                stderr,
                "the image's /etc/profile gave no environment (%s); commands run with the basic one\n",
                finished ? "it failed" : finished.error().message.c_str());
    }
    const std::lock_guard lock(mutex_);
    login_ = std::move(environment);
    login_known_.notify_all();
}

}  // namespace hutch::guest_agent
