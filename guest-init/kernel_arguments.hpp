#pragma once

#include <string>
#include <string_view>

#include "common/result.hpp"

namespace hutch::guest_init {

/// What the VMM driver tells the guest on the kernel command line (docs/design.md).
struct KernelArguments {
    std::string image;           ///< hutch.image: block device with the root filesystem, such as /dev/ubda
    std::string overlay;         ///< hutch.overlay: block device with the VM's own ext4
    std::string hostname;        ///< hutch.hostname: 1–63 letters, digits and hyphens
    std::string address;         ///< hutch.ip: IPv4 address of eth0 in dotted form
    unsigned prefix_length = 0;  ///< hutch.ip: 1–32, after the slash
};

/// Reads them from the contents of /proc/cmdline. Other arguments are ignored; one that is missing, given
/// twice or of the wrong form is an error that names it.
[[nodiscard]] Result<KernelArguments> parse_kernel_arguments(std::string_view command_line);

}  // namespace hutch::guest_init
