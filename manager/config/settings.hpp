#pragma once

// The one table of configuration keys.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "manager/config/config.hpp"

namespace hutch::config {

/// Any text.
struct TextSetting {
    std::string Config::*field;
};
/// A path; a relative one counts from the working directory.
struct PathSetting {
    std::filesystem::path Config::*field;
};
/// "host:port", "[v6]:port".
struct ListenSetting {};
/// A whole number from `minimum` to `maximum`.
struct NumberSetting {
    std::int64_t Config::*field;
    std::int64_t minimum;
    std::int64_t maximum;
};
/// One of `choices`. Those in `unavailable` are known, but refused as not available in this version.
struct ChoiceSetting {
    std::string Config::*field;
    std::vector<std::string_view> choices;
    std::vector<std::string_view> unavailable;
};
/// A key whose feature does not exist in this version: only `off` is accepted.
struct UnavailableSetting {
    std::string_view off;
    bool number = false;  ///< its TOML type
};

using SettingKind =
    std::variant<TextSetting, PathSetting, ListenSetting, NumberSetting, ChoiceSetting, UnavailableSetting>;

struct Setting {
    std::string_view variable;  ///< "HUTCH_MAX_VMS"
    std::string_view key;       ///< "limits.max_vms", in the TOML file
    /// The default as one would write it; "$DATA", "$PROGRAM" at its start stand for computed folders.
    std::string_view default_text;
    std::string_view meaning;
    SettingKind kind;
};

[[nodiscard]] std::span<const Setting> settings();

/// Sets one value. `text` is as in the environment. The error says what would be valid, without naming the
/// key.
[[nodiscard]] Result<void> apply(const Setting& setting, const std::string& text, Config& config);

}  // namespace hutch::config
