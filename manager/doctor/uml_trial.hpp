#pragma once

#include <filesystem>

#include "manager/config/config.hpp"
#include "manager/doctor/check.hpp"
#include "manager/images/guest_manifest.hpp"
#include "manager/vmm/probe.hpp"

namespace hutch::doctor {

/// What came of running the guest's kernel.
struct UmlTrial {
    Check jail;        ///< whether the jail was built around it
    vmm::Probe probe;  ///< whether it ran
};

/// Runs the guest's kernel in its jail until it has measured its delay loop, from a copy in `scratch` as the
/// manager runs it from the data folder. About 0.2 s, at most 20 s.
[[nodiscard]] UmlTrial try_uml(const config::Config& config, const images::GuestManifest& manifest,
                               const std::filesystem::path& scratch);

/// A trial that did not take place, because of `reason`.
[[nodiscard]] UmlTrial uml_not_tried(const std::string& reason);

}  // namespace hutch::doctor
