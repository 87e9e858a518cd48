#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "common/result.hpp"

namespace hutch::images {

/// One file of a guest folder.
struct Artifact {
    std::filesystem::path path;  ///< absolute
    std::string sha256;          ///< lower-case hexadecimal
    std::int64_t bytes = 0;
};

/// What a guest folder says it holds (its manifest.json): what guests boot from, and one image.
struct GuestManifest {
    Artifact kernel;
    Artifact initramfs;
    Artifact rootfs;
    std::string image_name;
    std::string image_description;
    std::string rootfs_format;  ///< "ext4", "squashfs" or "erofs"
};

/// Reads `<folder>/manifest.json`. Errors name the file and what is wrong with it; the artefacts themselves
/// are not read.
[[nodiscard]] Result<GuestManifest> read_guest_manifest(const std::filesystem::path& folder);

}  // namespace hutch::images
