// hutch-jail: starts one program in a jail. The manager runs it (launcher.cpp) with a specification on
// descriptor 10 and a status socket on descriptor 11.
//
// Theory of operation: this process, J, clones the jailed process, C, into new user, mount, pid, net, ipc,
// uts and cgroup namespaces as a *sibling* (CLONE_PARENT): C is a child of the manager and PID 1 of its PID
// namespace. J, still outside, writes C's uid and gid maps, tells the manager C's pid and ends. C waits for
// the manager's "go" (the manager has written down the pid by then, so a crash in between leaves no unknown
// process: C sees the socket close and ends), builds its root, drops everything, and executes the program.
// The status socket is close-on-exec: its end of file is success; a message before that is the error.

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/sys/file.hpp"
#include "manager/jail/isolation.hpp"
#include "manager/jail/policy.hpp"
#include "manager/jail/root.hpp"
#include "manager/jail/specification.hpp"

namespace hutch::jail {
namespace {

using sys::UniqueFd;

constexpr unsigned long long new_namespaces =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

void report(const std::string& message) {
    (void)::send(status_fd, message.data(), message.size(), MSG_NOSIGNAL);
}

Result<Specification> receive_specification() {
    struct stat status {};
    if (::fstat(specification_fd, &status) != 0) return fail_errno("specification descriptor", errno);
    std::string text(static_cast<std::size_t>(status.st_size), '\0');
    if (::pread(specification_fd, text.data(), text.size(), 0) != status.st_size)
        return fail_errno("read specification", errno);
    return parse_specification(text);
}

Result<void> write_map(pid_t pid, const char* name, const std::string& text) {
    const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
    HUTCH_TRY(const UniqueFd file, sys::open(path, O_WRONLY));
    if (auto written = sys::write_all(file, text); !written)
        return tl::unexpected(written.error().within(path));
    return {};
}

/// Namespace uid 0 is the caller's; the per-VM uid, when there is one, is `jailed_uid`.
Result<void> write_id_maps(pid_t pid, const Specification& specification) {
    auto map = [&](uid_t own) {
        std::string text = "0 " + std::to_string(own) + " 1\n";
        if (specification.host_uid)
            text += std::to_string(jailed_uid) + " " + std::to_string(*specification.host_uid) + " 1\n";
        return text;
    };
    if (!specification.host_uid) HUTCH_CHECK(write_map(pid, "setgroups", "deny"));
    HUTCH_CHECK(write_map(pid, "uid_map", map(::geteuid())));
    return write_map(pid, "gid_map", map(::getegid()));
}

std::vector<char*> null_terminated(std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    for (std::string& string : strings) pointers.push_back(string.data());
    pointers.push_back(nullptr);
    return pointers;
}

/// In C. Returns only on failure.
Error run_jailed(Specification specification, const UniqueFd& maps_written) {
    char word[8] = {};
    if (::read(maps_written.get(), word, 1) != 1)
        return {ErrorKind::internal, "", "the launcher ended early"};
    if (::recv(status_fd, word, sizeof word, 0) <= 0) ::_exit(1);  // the manager is gone
    auto prepare = [&]() -> Result<void> {
        HUTCH_CHECK(become_namespace_root());
        HUTCH_CHECK(apply_limits(specification));
        HUTCH_CHECK(enter_root(specification.mounts));
        HUTCH_CHECK(drop_privileges(specification));
        if (::close_range(specification_fd, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
            return fail_errno("close descriptors", errno);
        return install_policy(specification.policy);
    };
    if (auto prepared = prepare(); !prepared) return prepared.error();
    ::execve(specification.program.c_str(), null_terminated(specification.arguments).data(),
             null_terminated(specification.environment).data());
    return fail_errno("execute " + specification.program, errno).value();
}

Result<void> launch() {
    HUTCH_TRY(Specification specification, receive_specification());
    HUTCH_TRY(sys::Pipe maps, sys::make_pipe());
    clone_args arguments{};
    arguments.flags = new_namespaces | CLONE_PARENT;
    const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid < 0) return fail_errno("create namespaces (are unprivileged user namespaces enabled?)", errno);
    if (pid == 0) {
        maps.write_end.reset();
        report("error " + run_jailed(std::move(specification), maps.read_end).message);
        ::_exit(1);
    }
    report("pid " + std::to_string(pid));
    HUTCH_CHECK(write_id_maps(static_cast<pid_t>(pid), specification));
    return sys::write_all(maps.write_end, "1");
}

}  // namespace
}  // namespace hutch::jail

int main() {
    if (auto launched = hutch::jail::launch(); !launched) {
        hutch::jail::report("error " + launched.error().message);
        return 1;
    }
    return 0;
}
