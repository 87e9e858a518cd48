#include "manager/vmm/process_record.hpp"

#include <cerrno>
#include <sstream>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/sys/file.hpp"
#include "common/sys/unique_fd.hpp"

namespace hutch::vmm {

namespace {

constexpr const char* file_name = "processes";
constexpr int end_timeout_ms = 10'000;

/// Field 22 of /proc/<pid>/stat: clock ticks since boot at which the process started. Empty: no such process.
std::string start_time(pid_t pid) {
    const auto stat = sys::read_file("/proc/" + std::to_string(pid) + "/stat", 4096);
    if (!stat) return {};
    // the second field, the program's name in parentheses, may hold anything: count from its end
    std::istringstream fields(stat->substr(stat->rfind(')') + 1));
    std::string field;
    for (int number = 3; number <= 22; ++number) fields >> field;
    return field;
}

Result<void> end_process(pid_t pid, const std::string& started) {
    const sys::UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd) return {};                      // gone
    if (start_time(pid) != started) return {};  // the number belongs to someone else now
    if (::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0) != 0 && errno != ESRCH)
        return fail_errno("kill left-over process " + std::to_string(pid), errno);
    pollfd entry{pidfd.get(), POLLIN, 0};
    if (::poll(&entry, 1, end_timeout_ms) == 0)
        return fail(ErrorKind::timed_out, "process_stuck",
                    "left-over process " + std::to_string(pid) + " does not end");
    return {};
}

}  // namespace

Result<void> record_process(const std::filesystem::path& vm_directory, pid_t pid) {
    HUTCH_TRY(const sys::UniqueFd file, sys::open(vm_directory / file_name, O_WRONLY | O_CREAT | O_APPEND));
    return sys::write_all(file, std::to_string(pid) + " " + start_time(pid) + "\n");
}

Result<void> end_recorded_processes(const std::filesystem::path& vm_directory) {
    const std::filesystem::path path = vm_directory / file_name;
    std::error_code error;
    if (!std::filesystem::exists(path, error)) return {};
    HUTCH_TRY(const std::string text, sys::read_file(path, 1 << 16));
    std::istringstream lines(text);
    pid_t pid = 0;
    std::string started;
    while (lines >> pid >> started) HUTCH_CHECK(end_process(pid, started));
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno("remove " + path.string(), errno);
    return {};
}

}  // namespace hutch::vmm
