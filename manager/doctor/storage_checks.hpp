#pragma once

// Whether the data folder's filesystem can hold what VMs need, found by doing it in a scratch folder there.

#include <cstdint>
#include <filesystem>

#include "manager/config/config.hpp"
#include "manager/doctor/check.hpp"

namespace hutch::doctor {

/// `folder` itself, or the nearest folder above it that is there.
[[nodiscard]] std::filesystem::path nearest_existing(const std::filesystem::path& folder);

/// Where the data will be, that one can write there (`scratch` was made there) and execute the guest's kernel
/// from there.
[[nodiscard]] Check check_data_folder(const config::Config& config, const std::filesystem::path& scratch);

/// Formats one overlay disk of the default size as the manager does, and clones it: how much of the host's
/// disk it takes. Failure when that does not work, warning when the filesystem fills its holes.
[[nodiscard]] Check check_overlay_disks(const config::Config& config, const std::filesystem::path& scratch);

/// Free space where `folder` is. `image_bytes`: what the first start copies there, at most.
[[nodiscard]] Check check_free_disk(const std::filesystem::path& folder, std::int64_t image_bytes);

}  // namespace hutch::doctor
