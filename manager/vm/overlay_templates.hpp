#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>

#include "common/result.hpp"

namespace hutch::vm {

/// Ready-formatted, sparse ext4 disks, one per size, from which every VM's overlay disk is cloned in
/// milliseconds. Any thread.
class OverlayTemplates {
public:
    /// `directory` holds the templates; made if it is not there.
    explicit OverlayTemplates(std::filesystem::path directory) : directory_(std::move(directory)) {}

    /// Makes the template for `size_mib` (with mke2fs) unless it exists.
    [[nodiscard]] Result<void> prepare(std::int64_t size_mib);

    /// Makes `destination`, a disk of `size_mib` of its own. `destination` must not exist.
    [[nodiscard]] Result<void> clone(std::int64_t size_mib, const std::filesystem::path& destination);

private:
    [[nodiscard]] std::filesystem::path path_of(std::int64_t size_mib) const;

    std::filesystem::path directory_;
    std::mutex mutex_;  ///< one mke2fs at a time
};

}  // namespace hutch::vm
