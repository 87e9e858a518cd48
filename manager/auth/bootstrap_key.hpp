#pragma once

#include <filesystem>
#include <string>

#include "common/result.hpp"

namespace hutch::auth {

/// The first API key of an installation.
struct BootstrapKey {
    enum class Origin { configured, kept, generated };
    std::string key;
    Origin origin = Origin::configured;  ///< generated: show it once, on the terminal and not in the log
};

/// `configured` when it is not empty; else the one in `file`; else a new one, written to `file` with mode
/// 0600. A key file that others may read is tightened; one that holds no key is an error.
[[nodiscard]] Result<BootstrapKey> bootstrap_key(const std::string& configured,
                                                 const std::filesystem::path& file);

}  // namespace hutch::auth
