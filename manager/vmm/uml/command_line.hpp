#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "manager/vmm/driver.hpp"

namespace hutch::vmm::uml {

/// Where the jail shows the guest's files.
namespace jail_path {
inline constexpr const char* kernel = "/kernel";
inline constexpr const char* initramfs = "/initramfs";
inline constexpr const char* rootfs = "/rootfs";
inline constexpr const char* overlay = "/overlay";
inline constexpr const char* vhost_socket = "/vsock";
inline constexpr const char* memory = "/tmp";
}  // namespace jail_path

/// The user-mode kernel's arguments for a guest. Each argument's reason is in guest-image/kernel/README.md.
/// `loops_per_jiffy`: the calibrated `lpj=`, which saves 60 ms of the boot.
[[nodiscard]] std::vector<std::string> boot_arguments(const LaunchRequest& request,
                                                      std::uint64_t loops_per_jiffy);

/// The arguments for a kernel that calibrates its delay loop, finds no root and ends.
[[nodiscard]] std::vector<std::string> calibration_arguments();

/// "… (lpj=4997120)" in the kernel's messages.
[[nodiscard]] std::optional<std::uint64_t> parse_loops_per_jiffy(const std::string& console);

}  // namespace hutch::vmm::uml
