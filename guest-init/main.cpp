// hutch-init: PID 1 of a guest, from the initramfs. See README.md.

#include <string>

#include <fcntl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/sys/file.hpp"
#include "common/sys/mount.hpp"
#include "guest-init/console.hpp"
#include "guest-init/entropy.hpp"
#include "guest-init/identity.hpp"
#include "guest-init/kernel_arguments.hpp"
#include "guest-init/modules.hpp"
#include "guest-init/network.hpp"
#include "guest-init/root.hpp"
#include "guest-init/supervisor.hpp"

namespace {

using namespace hutch;
using namespace hutch::guest_init;

constexpr char agent_program[] = "/agent";

/// Milliseconds since the kernel started.
std::string milliseconds_since_boot() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return std::to_string(now.tv_sec * 1000 + now.tv_nsec / 1'000'000);
}

Result<Supervisor> boot() {
    std::vector<std::string> environment{"HUTCH_TIMELINE_INIT=" + milliseconds_since_boot()};
    ::umask(022);
    ::reboot(RB_DISABLE_CAD);  // ctrl-alt-del becomes a SIGINT for us
    HUTCH_CHECK(mount_kernel_filesystems());
    load_modules();
    HUTCH_TRY(const std::string command_line, sys::read_file("/proc/cmdline", 65536));
    HUTCH_TRY(const KernelArguments arguments, parse_kernel_arguments(command_line));
    HUTCH_CHECK(assemble_root(arguments));
    environment.push_back("HUTCH_TIMELINE_ROOT=" + milliseconds_since_boot());
    HUTCH_CHECK(set_identity(arguments));
    HUTCH_CHECK(set_up_network(arguments.address, arguments.prefix_length));
    if (auto seeded = seed_random_pool(); !seeded) say(seeded.error().message);
    // Neither this process nor the agent, which inherits it, is ever chosen when memory runs out.
    HUTCH_TRY(const sys::UniqueFd adjustment, sys::open("/proc/self/oom_score_adj", O_WRONLY));
    HUTCH_CHECK(sys::write_all(adjustment, "-1000"));
    return Supervisor::create(agent_program, std::move(environment));
}

[[noreturn]] void power_off() {
    ::sync();
    ::reboot(RB_POWER_OFF);
    for (;;) ::pause();
}

}  // namespace

int main() {
    if (::getpid() != 1) {
        say("hutch-init is a guest's PID 1; it does nothing else");
        return 2;
    }
    auto supervisor = boot();
    if (!supervisor) {
        say("boot failed: " + supervisor.error().message + "; powering off");
        power_off();
    }
    supervisor->run();
    say("powering off");
    supervisor->end_workload();
    release_root();
    power_off();
}
