// hutch-agent: runs commands in a guest for the host. See README.md.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "common/guest_contract.hpp"
#include "common/sys/file.hpp"
#include "guest-agent/api.hpp"
#include "guest-agent/exec_service.hpp"
#include "guest-agent/http_server.hpp"
#include "guest-agent/ready.hpp"
#include "guest-agent/spawner.hpp"
#include "guest-agent/vsock.hpp"

namespace {

using namespace hutch;
using namespace hutch::guest_agent;

/// What execs can't have: room for the kernel, this program and hutch-init.
constexpr std::uint64_t reserved_memory = std::uint64_t{20} << 20;
constexpr std::uint64_t reserved_processes = 192;

std::string milliseconds_since_boot() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return std::to_string(now.tv_sec * 1000 + now.tv_nsec / 1'000'000);
}

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

ExecLimits limits_of_this_machine() {
    struct sysinfo machine {};
    ::sysinfo(&machine);
    const std::uint64_t total = std::uint64_t{machine.totalram} * machine.mem_unit;
    rlimit processes{};
    ::getrlimit(RLIMIT_NPROC, &processes);
    // Init's limit is half of what the kernel can have altogether (set_max_threads in kernel/fork.c).
    const std::uint64_t all_processes = 2 * processes.rlim_cur;
    return {.processes = all_processes - std::min(all_processes / 4, reserved_processes),
            .memory_bytes = std::max(total - std::min(total, reserved_memory), total / 2)};
}

/// One arena, since per-thread ones cost every thread pages of its own; and large blocks go back to the
/// kernel when freed.
void set_up_memory() {
    ::mallopt(M_ARENA_MAX, 1);
    ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
}

/// What all programs started here inherit: no core files, and no limit on the user's processes, for that one
/// would be shared by all execs; each has its own in its cgroup. The number of open files is set for each
/// exec, this program needs more.
void set_resource_limits() {
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    const rlimit open_files{65536, 65536};
    ::setrlimit(RLIMIT_NOFILE, &open_files);
    const rlimit no_limit{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_NPROC, &no_limit);
    ::umask(022);
}

Result<void> run() {
    set_up_memory();
    const ExecLimits limits = limits_of_this_machine();
    set_resource_limits();
    HUTCH_TRY(const sys::UniqueFd listener, listen_vsock(guest_contract::agent_port));
    HUTCH_TRY(std::string boot_id, sys::read_file("/proc/sys/kernel/random/boot_id", 64));
    while (!boot_id.empty() && boot_id.back() == '\n') boot_id.pop_back();

    HUTCH_TRY(const auto spawner, Spawner::create(limits));
    ExecService service(*spawner);
    HttpServer server([&listener] { return accept_from_host(listener); });
    register_api(server, service, {boot_id});

    const Timeline timeline{variable("HUTCH_TIMELINE_INIT"), variable("HUTCH_TIMELINE_ROOT"),
                            milliseconds_since_boot()};
    if (auto reported = report_ready(boot_id, timeline); !reported)
        std::fprintf(stderr, "%s\n", reported.error().message.c_str());
    std::thread([&service] { service.learn_login_environment(); }).detach();
    server.add_worker();
    return server.serve();
}

}  // namespace

int main() {
    const auto served = run();
    std::fprintf(stderr, "%s\n", served.error().message.c_str());
    return 1;
}
