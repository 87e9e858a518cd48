#include "manager/vmm/uml/kernel_jail.hpp"

#include <algorithm>

#include "manager/vmm/uml/command_line.hpp"

namespace hutch::vmm::uml {

namespace {
constexpr std::uint64_t mib = 1 << 20;
/// Beyond the guest's memory: the kernel keeps its own image's data and a few small files there.
constexpr std::uint64_t memory_slack = 64 * mib;
}  // namespace

jail::Specification kernel_jail(const std::filesystem::path& kernel, std::vector<std::string> arguments,
                                int memory_mib, int cpu) {
    using jail::MountKind;
    jail::Specification specification;
    specification.program = jail_path::kernel;
    specification.arguments = std::move(arguments);
    specification.environment = {std::string("HOME=") + jail_path::memory,
                                 std::string("TMPDIR=") + jail_path::memory};
    const std::uint64_t memory_bytes = static_cast<std::uint64_t>(memory_mib) * mib + memory_slack;
    specification.mounts = {
        {MountKind::read_only, kernel.string(), jail_path::kernel, 0},
        {MountKind::tmpfs, "", jail_path::memory, memory_bytes},
        {MountKind::device, "/dev/null", "/dev/null", 0},
    };
    specification.policy = jail::Policy::uml;
    // user-mode Linux needs its own layout fixed and would otherwise execute itself again to get it
    specification.layout = jail::AddressSpaceLayout::fixed;
    specification.cpu = cpu;
    specification.max_file_bytes = memory_bytes;
    return specification;
}

}  // namespace hutch::vmm::uml
