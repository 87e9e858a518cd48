#pragma once

// What hutchd is told at start: one struct, filled from a TOML file and the environment (the variable wins).
// The keys, their types, ranges, defaults and meanings stand in one table (settings.cpp), from which --help
// is made too.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "common/result.hpp"

namespace hutch::config {

struct Config {
    std::string listen_host;
    int listen_port = 0;  ///< 0: the system chooses one

    std::filesystem::path data_dir;
    std::filesystem::path guest_dir;
    std::filesystem::path webui_dir;
    std::filesystem::path libexec_dir;

    std::string api_key;         ///< empty: one is generated at first start
    std::string admin_email;     ///< empty: login is off
    std::string admin_password;  ///< empty: login is off

    std::string public_url;  ///< empty, or http(s)://host

    std::string driver;     ///< "auto" or "uml"
    std::string uml_mode;   ///< "ptrace"
    std::string log_level;  ///< "debug", "info", "warning" or "error"

    std::int64_t max_vms = 0;
    std::int64_t min_memory_mib = 0;
    std::int64_t max_memory_mib = 0;
    std::int64_t default_disk_mib = 0;
    std::int64_t max_disk_mib = 0;
    std::int64_t boot_timeout_ms = 0;
    std::int64_t stop_timeout_ms = 0;
    std::int64_t max_console_bytes = 0;

    std::int64_t max_exec_timeout_ms = 0;
    std::int64_t max_body_bytes = 0;
    std::int64_t http_threads = 0;
    std::int64_t max_connections = 0;
    std::int64_t session_hours = 0;

    // calls a minute for each key or session
    std::int64_t rate_limit = 0;
    std::int64_t rate_limit_create = 0;
    std::int64_t rate_limit_exec = 0;
    std::int64_t rate_limit_login = 0;  ///< failed sign-ins, for each address
};

/// Where the settings come from. A struct, so that tests need no real environment.
struct Sources {
    std::optional<std::filesystem::path> file;       ///< from --config; else HUTCH_CONFIG; else none
    std::map<std::string, std::string> environment;  ///< all variables of the process
    std::filesystem::path program_folder;            ///< where hutchd is; defaults of folders start from it
};

/// The program's environment and its own folder.
[[nodiscard]] Result<Sources> process_sources(std::optional<std::filesystem::path> file);

/// Reads all sources. Errors (invalid_argument) name the variable or key: unknown, of the wrong type, out of
/// range, or not available in this version. An empty variable counts as not set.
[[nodiscard]] Result<Config> load(const Sources& sources);

/// All keys with variable, TOML key, default, range and meaning, for --help.
[[nodiscard]] std::string describe_settings();

/// A TOML file with every key, commented out, its meaning above it.
[[nodiscard]] std::string example_file();

}  // namespace hutch::config
