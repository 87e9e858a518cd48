#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.hpp"

namespace hutch::guest_agent {

/// Environment variables in order, names unique.
class Environment {
public:
    /// True for `[A-Za-z_][A-Za-z0-9_]*`.
    [[nodiscard]] static bool is_name(std::string_view name);

    /// What every command in the jail has, before the image's profile and the request add to it.
    [[nodiscard]] static Environment base();

    /// Reads what `env -0` printed: NAME=value, each ended by a NUL. Names of other forms (exported
    /// functions) are left out, and the shell's own bookkeeping: `_`, SHLVL, PWD, OLDPWD.
    [[nodiscard]] static Environment from_null_separated(std::string_view text);

    /// Sets or replaces. A name of the wrong form or a NUL in the value is an error that names the variable.
    [[nodiscard]] Result<void> set(std::string_view name, std::string_view value);
    [[nodiscard]] bool has(std::string_view name) const;
    /// The value, or an empty text.
    [[nodiscard]] std::string_view get(std::string_view name) const;
    /// Adds all of `other`; its values win.
    void merge(const Environment& other);

    /// "NAME=value" each.
    [[nodiscard]] const std::vector<std::string>& entries() const { return entries_; }

private:
    void put(std::string_view name, std::string_view value);

    std::vector<std::string> entries_;
};

}  // namespace hutch::guest_agent
