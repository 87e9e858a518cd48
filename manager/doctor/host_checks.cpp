#include "manager/doctor/host_checks.hpp"

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/result.hpp"
#include "common/sys/file.hpp"
#include "manager/vm/host_user.hpp"

namespace hutch::doctor {

namespace {

/// mount_setattr(2), with which the jail is built, came with 5.12 (its manual page).
constexpr int least_major = 5;
constexpr int least_minor = 12;
constexpr std::size_t max_proc_bytes = 1 << 16;
/// hutchd keeps these for everything but HTTP connections.
constexpr std::uint64_t reserved_descriptors = 256;
/// Guest addresses have 16 bits of their own, and a host uid each.
constexpr std::uint64_t host_uid_count = 0x10000;

std::string proc_file(const char* path) {
    return sys::read_file(path, max_proc_bytes).value_or("");
}

/// A line of /proc/meminfo, in KiB.
std::optional<std::uint64_t> field(std::string_view meminfo, std::string_view name) {
    auto at = meminfo.find(fmt::format("{}:", name));
    if (at == std::string_view::npos) return std::nullopt;
    at = meminfo.find_first_of("0123456789", at);
    if (at == std::string_view::npos) return std::nullopt;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(meminfo.data() + at, meminfo.data() + meminfo.size(), value);
    if (error != std::errc{}) return std::nullopt;
    return value;
}

/// Whether every uid from `first` on, `count` of them, exists in the namespace whose uid_map this is.
bool mapped(std::string_view uid_map, std::uint64_t first, std::uint64_t count) {
    std::istringstream lines{std::string(uid_map)};
    std::uint64_t inside = 0;
    std::uint64_t outside = 0;
    std::uint64_t length = 0;
    while (lines >> inside >> outside >> length)
        if (inside <= first && first + count <= inside + length) return true;
    return false;
}

bool is_loopback(const std::string& host) {
    in_addr four{};
    in6_addr six{};
    if (::inet_pton(AF_INET, host.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
    if (::inet_pton(AF_INET6, host.c_str(), &six) == 1) return IN6_IS_ADDR_LOOPBACK(&six);
    return host == "localhost";
}

}  // namespace

Check check_kernel(const std::string& release, const std::string& machine) {
    Check check{"host kernel", Status::ok, fmt::format("Linux {}, {}", release, machine)};
    int major = 0;
    int minor = 0;
    if (machine != "x86_64") {
        check.status = Status::failure;
        check.text += ": guests need an x86_64 host";
    } else if (std::sscanf(release.c_str(), "%d.%d", &major, &minor) != 2 || major < least_major ||
               (major == least_major && minor < least_minor)) {
        check.status = Status::failure;
        check.text += fmt::format(": the jail needs Linux {}.{} or newer", least_major, least_minor);
    }
    return check;
}

Check check_running_kernel() {
    utsname name{};
    ::uname(&name);
    return check_kernel(name.release, name.machine);
}

Check check_cpus() {
    std::string model = "unknown model";
    std::ifstream cpuinfo("/proc/cpuinfo");
    for (std::string line; std::getline(cpuinfo, line);)
        if (const auto colon = line.find(": ");
            line.starts_with("model name") && colon != std::string::npos) {
            model = line.substr(colon + 2);
            break;
        }
    cpu_set_t set;
    if (::sched_getaffinity(0, sizeof set, &set) != 0)
        return {"CPUs", Status::failure, fail_errno("sched_getaffinity", errno).value().message};
    return {
        "CPUs", Status::ok,
        fmt::format("{} usable, {}; each user-mode guest is kept on one of them", CPU_COUNT(&set), model)};
}

Check check_memory(std::string_view meminfo, std::int64_t smallest_guest_mib) {
    const auto total = field(meminfo, "MemTotal");
    const auto available = field(meminfo, "MemAvailable");
    if (!total || !available) return {"memory", Status::warning, "/proc/meminfo does not tell"};
    Check check{"memory", Status::ok,
                fmt::format("{} MiB available of {} MiB", *available / 1024, *total / 1024)};
    if (*available / 1024 < static_cast<std::uint64_t>(smallest_guest_mib)) {
        check.status = Status::warning;
        check.text += fmt::format(": less than the smallest guest ({} MiB) may use", smallest_guest_mib);
    }
    return check;
}

Check check_running_memory(const config::Config& config) {
    return check_memory(proc_file("/proc/meminfo"), config.min_memory_mib);
}

Check check_user(unsigned effective_uid, std::string_view uid_map) {
    if (effective_uid != 0)
        return {"user", Status::ok,
                fmt::format("uid {}: all VMs run as this user; as root, each would have a uid of its own",
                            effective_uid)};
    const std::uint64_t last = vm::first_host_uid + host_uid_count - 1;
    if (!mapped(uid_map, vm::first_host_uid, host_uid_count))
        return {"user", Status::failure,
                fmt::format("root of a user namespace without the uids {} to {} that VMs run as; start "
                            "hutchd as an ordinary user, or "
                            "as root of the host",
                            vm::first_host_uid, last)};
    return {"user", Status::ok,
            fmt::format("root: each VM runs as a uid of its own, from {} to {}", vm::first_host_uid, last)};
}

Check check_running_user() {
    return check_user(::geteuid(), proc_file("/proc/self/uid_map"));
}

Check check_seccomp() {
    for (const std::uint32_t action : {SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO})
        if (::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) != 0)
            return {
                "seccomp", Status::failure,
                fail_errno(
                    fmt::format("the kernel has no seccomp filters with action {:#x}, which the jail needs",
                                action),
                    errno)
                    .value()
                    .message};
    return {"seccomp", Status::ok, "filters are available"};
}

Check check_cgroup_limits() {
    return {"host cgroup limits", Status::warning,
            "not applied: this version puts no VM into a cgroup; a guest's memory and disk have a size, its "
            "kernel one CPU, and "
            "nothing on the host bounds it further"};
}

Check check_open_files(std::uint64_t limit, const config::Config& config) {
    const auto wanted = static_cast<std::uint64_t>(config.max_connections) + reserved_descriptors;
    if (limit >= wanted) return {"open files", Status::ok, fmt::format("{} allowed", limit)};
    return {"open files", Status::warning,
            fmt::format("{} allowed, fewer than HUTCH_MAX_CONNECTIONS={} needs; raise it to {} (ulimit -n), "
                        "or connections are "
                        "refused earlier",
                        limit, config.max_connections, wanted)};
}

Check check_running_open_files(const config::Config& config) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return {"open files", Status::warning, fail_errno("getrlimit", errno).value().message};
    return check_open_files(limit.rlim_cur, config);
}

Check check_listen_address(const config::Config& config) {
    const bool six = config.listen_host.find(':') != std::string::npos;
    const std::string address =
        fmt::format("{}{}{}:{}", six ? "[" : "", config.listen_host, six ? "]" : "", config.listen_port);
    if (is_loopback(config.listen_host)) return {"listen address", Status::ok, address + ", this host only"};
    return {"listen address", Status::warning,
            address +
                ": others can reach it, and it is plain HTTP, API keys included; put a proxy with TLS in "
                "front and listen on "
                "127.0.0.1"};
}

}  // namespace hutch::doctor
