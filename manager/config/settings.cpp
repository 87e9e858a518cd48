#include "manager/config/settings.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hutch::config {

namespace {

constexpr std::int64_t mebibyte = 1024 * 1024;

tl::unexpected<Error> invalid(std::string message) {
    return fail(ErrorKind::invalid_argument, "invalid_setting", std::move(message));
}

Result<std::int64_t> parse_number(const std::string& text, std::int64_t minimum, std::int64_t maximum) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < minimum || value > maximum) {
        return invalid(fmt::format("must be a whole number from {} to {}", minimum, maximum));
    }
    return value;
}

Result<void> parse_listen(const std::string& text, Config& config) {
    constexpr const char* expected = "must be an address and a port, such as 127.0.0.1:3000 or [::1]:3000";
    const auto colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0) return invalid(expected);
    std::string host = text.substr(0, colon);
    if (host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string::npos) {
        return invalid(expected);
    }
    const auto port = parse_number(text.substr(colon + 1), 0, 65535);
    if (!port || host.empty()) return invalid(expected);
    config.listen_host = host;
    config.listen_port = static_cast<int>(*port);
    return {};
}

Result<void> apply_choice(const ChoiceSetting& choice, const std::string& text, Config& config) {
    if (std::find(choice.unavailable.begin(), choice.unavailable.end(), text) != choice.unavailable.end()) {
        return invalid(fmt::format("\"{}\" is not available in this version; use one of: {}", text,
                                   fmt::join(choice.choices, ", ")));
    }
    if (std::find(choice.choices.begin(), choice.choices.end(), text) == choice.choices.end()) {
        return invalid(fmt::format("must be one of: {}", fmt::join(choice.choices, ", ")));
    }
    config.*choice.field = text;
    return {};
}

struct Apply {
    const std::string& text;
    Config& config;

    Result<void> operator()(const TextSetting& setting) const {
        config.*setting.field = text;
        return {};
    }
    Result<void> operator()(const PathSetting& setting) const {
        config.*setting.field = std::filesystem::path(text).lexically_normal();
        return {};
    }
    Result<void> operator()(const ListenSetting&) const { return parse_listen(text, config); }
    Result<void> operator()(const NumberSetting& setting) const {
        HUTCH_TRY(config.*setting.field, parse_number(text, setting.minimum, setting.maximum));
        return {};
    }
    Result<void> operator()(const ChoiceSetting& setting) const {
        return apply_choice(setting, text, config);
    }
    Result<void> operator()(const UnavailableSetting& setting) const {
        if (text == setting.off) return {};
        return invalid(
            setting.off.empty()
                ? std::string("is not available in this version; leave it out")
                : fmt::format("is not available in this version; only {} is accepted", setting.off));
    }
};

const std::vector<Setting>& table() {
    using C = Config;
    static const std::vector<Setting> entries = {
        {"HUTCH_LISTEN", "listen", "127.0.0.1:3000",
         "address and port of the HTTP API and the web UI; port 0: any free one", ListenSetting{}},
        {"HUTCH_DATA_DIR", "data_dir", "$DATA", "holds hutch.db, images/ and vms/; made when it is not there",
         PathSetting{&C::data_dir}},
        {"HUTCH_API_KEY", "api_key", "",
         "the first API key; without it one is generated, printed once and kept in <data>/api-key",
         TextSetting{&C::api_key}},
        {"HUTCH_ADMIN_EMAIL", "admin_email", "",
         "e-mail of the login; without it and a password, login is off", TextSetting{&C::admin_email}},
        {"HUTCH_ADMIN_PASSWORD", "admin_password", "", "password of the login; there is no default",
         TextSetting{&C::admin_password}},
        {"HUTCH_PUBLIC_URL", "public_url", "",
         "where browsers reach the web UI when a proxy stands in front, such as https://hutch.example.org; "
         "https makes the session's "
         "cookie Secure",
         TextSetting{&C::public_url}},
        {"HUTCH_SESSION_HOURS", "session_hours", "12", "how long a browser session lasts",
         NumberSetting{&C::session_hours, 1, 24 * 365}},
        {"HUTCH_LOG_LEVEL", "log_level", "info", "least level that is logged, on stderr",
         ChoiceSetting{&C::log_level, {"debug", "info", "warning", "error"}, {}}},

        {"HUTCH_DRIVER", "driver", "auto", "which virtual machine monitor runs the guests",
         ChoiceSetting{&C::driver, {"auto", "uml"}, {"firecracker", "qemu"}}},
        {"HUTCH_UML_MODE", "uml_mode", "ptrace",
         "how user-mode Linux runs guest programs; ptrace is the safe one",
         ChoiceSetting{&C::uml_mode, {"ptrace"}, {"seccomp"}}},
        {"HUTCH_GUEST_DIR", "guest_dir", "$PROGRAM/../guest",
         "folder with manifest.json and the guest's kernel, initramfs and root filesystem",
         PathSetting{&C::guest_dir}},
        {"HUTCH_WEBUI_DIR", "webui_dir", "$PROGRAM/../webui",
         "folder with the web UI's files; no UI when it is not there", PathSetting{&C::webui_dir}},
        {"HUTCH_LIBEXEC_DIR", "libexec_dir", "$PROGRAM", "folder with hutch-jail and hutch-vsock",
         PathSetting{&C::libexec_dir}},

        {"HUTCH_MAX_VMS", "limits.max_vms", "256", "most VMs, in whatever state",
         NumberSetting{&C::max_vms, 1, 65533}},
        {"HUTCH_MIN_MEMORY_MB", "limits.min_memory_mb", "128", "least memMb of a VM, in MiB",
         NumberSetting{&C::min_memory_mib, 64, 8192}},
        {"HUTCH_MAX_MEMORY_MB", "limits.max_memory_mb", "8192", "most memMb of a VM, in MiB",
         NumberSetting{&C::max_memory_mib, 64, 8192}},
        {"HUTCH_DEFAULT_DISK_MB", "limits.default_disk_mb", "10240",
         "size of a VM's sparse disk when diskSizeMb is not given, in MiB",
         NumberSetting{&C::default_disk_mib, 64, 16 * mebibyte}},
        {"HUTCH_MAX_DISK_MB", "limits.max_disk_mb", "102400", "most diskSizeMb of a VM, in MiB",
         NumberSetting{&C::max_disk_mib, 64, 16 * mebibyte}},
        {"HUTCH_BOOT_TIMEOUT_MS", "limits.boot_timeout_ms", "30000",
         "how long a guest may take until its agent answers, in milliseconds",
         NumberSetting{&C::boot_timeout_ms, 100, 600'000}},
        {"HUTCH_STOP_TIMEOUT_MS", "limits.stop_timeout_ms", "10000",
         "how long a guest may take to power off before it is killed, in milliseconds",
         NumberSetting{&C::stop_timeout_ms, 100, 600'000}},
        {"HUTCH_MAX_CONSOLE_BYTES", "limits.max_console_bytes", "1048576",
         "most bytes kept of a guest's console", NumberSetting{&C::max_console_bytes, 4096, 1024 * mebibyte}},
        {"HUTCH_MAX_EXEC_TIMEOUT_MS", "limits.max_exec_timeout_ms", "600000",
         "largest timeoutMs of a command, in milliseconds",
         NumberSetting{&C::max_exec_timeout_ms, 1000, 86'400'000}},

        {"HUTCH_MAX_BODY_BYTES", "http.max_body_bytes", "16777216", "largest request body",
         NumberSetting{&C::max_body_bytes, 1024, 1024 * mebibyte}},
        {"HUTCH_HTTP_THREADS", "http.threads", "512",
         "most requests worked on at once; threads are made as needed",
         NumberSetting{&C::http_threads, 32, 16384}},
        {"HUTCH_MAX_CONNECTIONS", "http.max_connections", "16384",
         "most open HTTP connections; more are closed at once",
         NumberSetting{&C::max_connections, 32, 500'000}},
        {"HUTCH_RATE_LIMIT", "http.rate_limit", "6000", "calls a minute for each key",
         NumberSetting{&C::rate_limit, 1, 100'000'000}},
        {"HUTCH_RATE_LIMIT_CREATE", "http.rate_limit_create", "1200", "of these, VMs created a minute",
         NumberSetting{&C::rate_limit_create, 1, 100'000'000}},
        {"HUTCH_RATE_LIMIT_EXEC", "http.rate_limit_exec", "6000", "of these, commands run a minute",
         NumberSetting{&C::rate_limit_exec, 1, 100'000'000}},
        {"HUTCH_RATE_LIMIT_LOGIN", "http.rate_limit_login", "30", "failed sign-ins a minute from one address",
         NumberSetting{&C::rate_limit_login, 1, 100'000}},

        {"HUTCH_WARM_POOL", "warm_pool", "0", "guests kept ready: not available in this version",
         UnavailableSetting{"0", true}},
        {"HUTCH_MAX_UPLOAD_BYTES", "limits.max_upload_bytes", "",
         "largest upload: not available in this version", UnavailableSetting{"", true}},
        {"HUTCH_ON_EXIT", "on_exit", "stop",
         "what happens to running VMs when hutchd ends; keep is not available in this version",
         UnavailableSetting{"stop"}},
        {"HUTCH_FIRECRACKER_BIN", "firecracker_bin", "",
         "the firecracker program: not available in this version", UnavailableSetting{""}},
    };
    return entries;
}

}  // namespace

std::span<const Setting> settings() {
    return table();
}

Result<void> apply(const Setting& setting, const std::string& text, Config& config) {
    return std::visit(Apply{text, config}, setting.kind);
}

}  // namespace hutch::config
