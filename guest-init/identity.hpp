#pragma once

#include <string>
#include <string_view>

#include "common/result.hpp"
#include "guest-init/kernel_arguments.hpp"

namespace hutch::guest_init {

/// 32 hexadecimal digits made from what is this VM's own (machine-id(5)): the same after every boot, another
/// one in every other VM, also in one made from this one's snapshot. That is why it is derived and not stored
/// on the disk.
[[nodiscard]] std::string machine_id(std::string_view hostname, std::string_view address);

/// The image's /etc/hosts with a line for the VM's own name.
[[nodiscard]] std::string hosts_file(std::string_view of_image, std::string_view hostname);

/// Sets the hostname and writes the files that user code sees at /etc/hostname, hosts, resolv.conf and
/// machine-id, to the folder guest_layout::identity. Nothing is written to the VM's disk.
[[nodiscard]] Result<void> set_identity(const KernelArguments& arguments);

}  // namespace hutch::guest_init
