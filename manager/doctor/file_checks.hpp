#pragma once

// Whether hutchd's own files are there: its programs, what guests boot from, the web UI.

#include "common/result.hpp"
#include "manager/config/config.hpp"
#include "manager/doctor/check.hpp"
#include "manager/images/guest_manifest.hpp"

namespace hutch::doctor {

/// hutch-jail and hutch-vsock in the libexec folder.
[[nodiscard]] Check check_programs(const config::Config& config);

/// `manifest` is what reading the guest folder gave. Looks at presence, sizes and versions; hashes are
/// checked when the manager takes the files in.
[[nodiscard]] Check check_guest_files(const config::Config& config,
                                      const Result<images::GuestManifest>& manifest);

[[nodiscard]] Check check_webui(const config::Config& config);

}  // namespace hutch::doctor
