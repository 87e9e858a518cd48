#include "guest-agent/environment.hpp"

#include <algorithm>

namespace hutch::guest_agent {

namespace {

bool is_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool has_name(std::string_view entry, std::string_view name) {
    return entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name);
}

}  // namespace

bool Environment::is_name(std::string_view name) {
    return !name.empty() && is_letter(name[0]) &&
           std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

Environment Environment::base() {
    Environment environment;
    environment.entries_ = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME=/workspace",
        "USER=user",
        "LOGNAME=user",
        "SHELL=/bin/bash",
        "LANG=C.UTF-8",
        "TMPDIR=/tmp",
        // outside /workspace, so that downloads of it stay clean (guest.md 3.3)
        "XDG_CACHE_HOME=/var/tmp/cache",
        "npm_config_cache=/var/tmp/cache/npm",
        "PIP_CACHE_DIR=/var/tmp/cache/pip",
        "DENO_DIR=/var/tmp/cache/deno",
    };
    return environment;
}

Environment Environment::from_null_separated(std::string_view text) {
    Environment environment;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\0'), text.size());
        const std::string_view entry = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t equals = entry.find('=');
        if (equals == std::string_view::npos) continue;
        const std::string_view name = entry.substr(0, equals);
        if (!is_name(name) || name == "_" || name == "SHLVL" || name == "PWD" || name == "OLDPWD") continue;
        environment.put(name, entry.substr(equals + 1));
    }
    return environment;
}

Result<void> Environment::set(std::string_view name, std::string_view value) {
    if (!is_name(name))
        return fail(ErrorKind::invalid_argument, "invalid_env",
                    "env has a name that is not of the form [A-Za-z_][A-Za-z0-9_]*: " + std::string(name));
    if (value.find('\0') != std::string_view::npos)
        return fail(ErrorKind::invalid_argument, "invalid_env",
                    "env." + std::string(name) + " must not contain a NUL");
    put(name, value);
    return {};
}

bool Environment::has(std::string_view name) const {
    return std::any_of(entries_.begin(), entries_.end(),
                       [&](const std::string& entry) { return has_name(entry, name); });
}

std::string_view Environment::get(std::string_view name) const {
    for (const std::string_view entry : entries_)
        if (has_name(entry, name)) return entry.substr(name.size() + 1);
    return {};
}

void Environment::merge(const Environment& other) {
    for (const std::string_view entry : other.entries_) {
        const std::size_t equals = entry.find('=');
        put(entry.substr(0, equals), entry.substr(equals + 1));
    }
}

void Environment::put(std::string_view name, std::string_view value) {
    std::string entry(name);
    entry.append("=").append(value);
    const auto place = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const std::string& old) { return has_name(old, name); });
    if (place != entries_.end()) {
        *place = std::move(entry);
    } else {
        entries_.push_back(std::move(entry));
    }
}

}  // namespace hutch::guest_agent
