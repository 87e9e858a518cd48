#pragma once

// Where things are in the guest's initramfs, the root of hutch-init and hutch-agent. They never enter the
// image's root: nothing in an image can stand in for a file that they use.

namespace hutch::guest_layout {

/// The image, read-only.
inline constexpr char lower[] = "/lower";
/// The VM's own disk.
inline constexpr char overlay[] = "/overlay";
/// Both merged: the root that user code gets a view of. Mounted nosuid and nodev.
inline constexpr char merged[] = "/merged";
/// Where the agent builds the view (the jail's root).
inline constexpr char jail[] = "/run/jail";
/// This VM's own hostname, hosts, resolv.conf and machine-id, shown to user code in place of the image's.
inline constexpr char identity[] = "/run/identity";
/// cgroup v2, controllers enabled.
inline constexpr char cgroup[] = "/sys/fs/cgroup";
/// The cgroup that holds every exec's, limited as a whole so that the agent always has room.
inline constexpr char exec_cgroup[] = "/sys/fs/cgroup/exec";

}  // namespace hutch::guest_layout
