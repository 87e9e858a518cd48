#include "manager/vmm/uml/command_line.hpp"

#include <charconv>
#include <string_view>

namespace hutch::vmm::uml {

namespace {

/// What every run of the kernel has: console on descriptors 0 and 1, nothing else attached, ptrace mode (the
/// mode in which guest user space cannot touch guest kernel memory).
std::vector<std::string> base_arguments(int memory_mib) {
    return {jail_path::kernel, "mem=" + std::to_string(memory_mib) + "M",   "con0=fd:0,fd:1", "con=null",
            "con1=null",       std::string("uml_dir=") + jail_path::memory, "umid=guest",     "seccomp=off"};
}

}  // namespace

std::vector<std::string> boot_arguments(const LaunchRequest& request, std::uint64_t loops_per_jiffy) {
    std::vector<std::string> arguments = base_arguments(request.memory_mib);
    // Disk flags: r read-only, c no host lock (the base is shared), d plain data: bytes that a guest wrote
    // are never taken for a copy-on-write header that names files of the host.
    const std::vector<std::string> guest = {
        std::string("initrd=") + jail_path::initramfs,
        std::string("ubd0rcd=") + jail_path::rootfs,
        std::string("ubd1cd=") + jail_path::overlay,
        std::string("virtio_uml.device=") + jail_path::vhost_socket + ":19",
        "lpj=" + std::to_string(loops_per_jiffy),
        "quiet",
        "panic=-1",
        "hutch.image=/dev/ubda",
        "hutch.overlay=/dev/ubdb",
        "hutch.hostname=" + request.hostname,
        "hutch.ip=" + request.guest_ip + "/16",
    };
    arguments.insert(arguments.end(), guest.begin(), guest.end());
    // hash tables are cleared, and so take host memory, at every boot: small guests get small ones
    if (request.memory_mib <= 1024)
        arguments.insert(arguments.end(), {"dhash_entries=4096", "ihash_entries=2048"});
    return arguments;
}

std::vector<std::string> calibration_arguments() {
    std::vector<std::string> arguments = base_arguments(64);
    arguments.emplace_back("panic=-1");
    return arguments;
}

std::optional<std::uint64_t> parse_loops_per_jiffy(const std::string& console) {
    constexpr std::string_view mark = "(lpj=";
    const std::size_t at = console.find(mark);
    if (at == std::string::npos) return std::nullopt;
    const char* begin = console.data() + at + mark.size();
    const char* end = console.data() + console.size();
    std::uint64_t value = 0;
    const auto [rest, error] = std::from_chars(begin, end, value);
    if (error != std::errc{} || rest == end || *rest != ')' || value == 0) return std::nullopt;
    return value;
}

}  // namespace hutch::vmm::uml
