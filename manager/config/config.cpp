#include "manager/config/config.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>
#include <unistd.h>

#include "common/sys/file.hpp"
#include "manager/config/settings.hpp"

extern char** environ;

namespace hutch::config {

namespace {

constexpr std::string_view variable_prefix = "HUTCH_";
constexpr std::string_view file_variable = "HUTCH_CONFIG";
/// No sane configuration file is larger, in bytes.
constexpr std::size_t max_file_bytes = 1024 * 1024;

tl::unexpected<Error> invalid(std::string message) {
    return fail(ErrorKind::invalid_argument, "invalid_setting", std::move(message));
}

std::string variable(const Sources& sources, std::string_view name) {
    const auto found = sources.environment.find(std::string(name));
    return found == sources.environment.end() ? std::string() : found->second;
}

Result<std::string> data_folder(const Sources& sources) {
    if (const std::string base = variable(sources, "XDG_DATA_HOME"); base.starts_with('/'))
        return base + "/hutch";
    const std::string home = variable(sources, "HOME");
    if (!home.starts_with('/'))
        return invalid("HUTCH_DATA_DIR: neither it nor HOME is set, so there is no data folder");
    return home + "/.local/share/hutch";
}

Result<std::string> default_text(const Setting& setting, const Sources& sources) {
    const std::string_view text = setting.default_text;
    if (text == "$DATA") return data_folder(sources);
    if (text.starts_with("$PROGRAM")) return sources.program_folder.string() + std::string(text.substr(8));
    return std::string(text);
}

bool takes_number(const Setting& setting) {
    if (const auto* unavailable = std::get_if<UnavailableSetting>(&setting.kind)) return unavailable->number;
    return std::holds_alternative<NumberSetting>(setting.kind);
}

/// A value of the TOML file as the environment would have it, if its type is the setting's.
std::optional<std::string> toml_text(const Setting& setting, const toml::node& node) {
    if (takes_number(setting)) {
        if (const auto* value = node.as_integer()) return std::to_string(value->get());
        return std::nullopt;
    }
    if (const auto* value = node.as_string()) return value->get();
    return std::nullopt;
}

using FileValues = std::map<std::string_view, std::string>;  // by Setting::key

Result<void> read_table(const toml::table& table, const std::string& prefix, const std::string& file,
                        FileValues& values) {
    for (const auto& [name, node] : table) {
        const std::string key = prefix + std::string(name.str());
        const auto all = settings();
        const auto setting =
            std::find_if(all.begin(), all.end(), [&](const Setting& entry) { return entry.key == key; });
        if (setting != all.end()) {
            const auto text = toml_text(*setting, node);
            if (!text) {
                return invalid(fmt::format("{}: {} must be {}", file, key,
                                           takes_number(*setting) ? "a whole number" : "a string"));
            }
            values[setting->key] = *text;
            continue;
        }
        const bool section = std::any_of(
            all.begin(), all.end(), [&](const Setting& entry) { return entry.key.starts_with(key + "."); });
        if (!section || !node.is_table()) return invalid(fmt::format("{}: unknown key {}", file, key));
        HUTCH_CHECK(read_table(*node.as_table(), key + ".", file, values));
    }
    return {};
}

Result<FileValues> read_config_file(const std::filesystem::path& path) {
    HUTCH_TRY(const std::string text, sys::read_file(path, max_file_bytes));
    FileValues values;
    try {
        const toml::table table = toml::parse(text);
        HUTCH_CHECK(read_table(table, "", path.string(), values));
    } catch (const toml::parse_error& error) {
        return invalid(
            fmt::format("{}: line {}: {}", path.string(), error.source().begin.line, error.description()));
    }
    return values;
}

Result<void> refuse_unknown_variables(const Sources& sources) {
    for (const auto& entry : sources.environment) {
        const std::string& name = entry.first;
        if (!name.starts_with(variable_prefix) || name == file_variable) continue;
        const auto all = settings();
        if (std::none_of(all.begin(), all.end(),
                         [&](const Setting& setting) { return setting.variable == name; })) {
            return invalid(name + ": unknown variable; hutchd --help lists all");
        }
    }
    return {};
}

Result<void> check_together(const Config& config) {
    if (!config.admin_password.empty() && config.admin_email.empty()) {
        return invalid("HUTCH_ADMIN_EMAIL: must be set when HUTCH_ADMIN_PASSWORD is");
    }
    if (!config.public_url.empty() && !config.public_url.starts_with("http://") &&
        !config.public_url.starts_with("https://")) {
        return invalid("HUTCH_PUBLIC_URL: must start with http:// or https://");
    }
    const bool printable =
        std::all_of(config.api_key.begin(), config.api_key.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (!printable || config.api_key.size() > 512) {
        return invalid("HUTCH_API_KEY: must be at most 512 printable ASCII characters without spaces");
    }
    if (config.default_disk_mib > config.max_disk_mib) {
        return invalid("HUTCH_DEFAULT_DISK_MB: must not be above HUTCH_MAX_DISK_MB");
    }
    if (config.min_memory_mib > config.max_memory_mib) {
        return invalid("HUTCH_MIN_MEMORY_MB: must not be above HUTCH_MAX_MEMORY_MB");
    }
    return {};
}

Result<std::filesystem::path> absolute_folder(const std::filesystem::path& path) {
    std::error_code error;
    const auto absolute = std::filesystem::absolute(path, error);
    if (error) return fail_errno("resolve " + path.string(), error.value());
    auto normal = absolute.lexically_normal();
    return normal.has_filename() ? normal : normal.parent_path();
}

std::string shown_default(const Setting& setting) {
    std::string shown(setting.default_text);
    if (shown == "$DATA") return "${XDG_DATA_HOME:-~/.local/share}/hutch";
    if (shown.starts_with("$PROGRAM")) return "<folder of hutchd>" + shown.substr(8);
    return shown;
}

std::string_view section_of(const Setting& setting) {
    const auto dot = setting.key.find('.');
    return dot == std::string_view::npos ? std::string_view() : setting.key.substr(0, dot);
}

std::string range_of(const Setting& setting) {
    if (const auto* number = std::get_if<NumberSetting>(&setting.kind)) {
        return fmt::format("; {} to {}", number->minimum, number->maximum);
    }
    if (const auto* choice = std::get_if<ChoiceSetting>(&setting.kind)) {
        std::string text = fmt::format("; one of: {}", fmt::join(choice->choices, ", "));
        if (!choice->unavailable.empty())
            text += fmt::format(" (not in this version: {})", fmt::join(choice->unavailable, ", "));
        return text;
    }
    return {};
}

}  // namespace

Result<Sources> process_sources(std::optional<std::filesystem::path> file) {
    Sources sources;
    sources.file = std::move(file);
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto equals = text.find('=');
        if (equals != std::string_view::npos)
            sources.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) return fail_errno("find hutchd's own folder", error.value());
    sources.program_folder = program.parent_path();
    return sources;
}

Result<Config> load(const Sources& sources) {
    HUTCH_CHECK(refuse_unknown_variables(sources));
    std::optional<std::filesystem::path> file = sources.file;
    if (const std::string named = variable(sources, file_variable); !file && !named.empty()) file = named;
    FileValues file_values;
    if (file) {
        HUTCH_TRY(file_values, read_config_file(*file));
    }

    Config config;
    for (const Setting& setting : settings()) {
        std::string name(setting.variable);
        std::string text = variable(sources, setting.variable);
        if (text.empty()) {
            const auto from_file = file_values.find(setting.key);
            if (from_file != file_values.end()) {
                name = file->string() + ": " + std::string(setting.key);
                text = from_file->second;
            } else {
                HUTCH_TRY(text, default_text(setting, sources));
            }
        }
        if (auto applied = apply(setting, text, config); !applied) {
            return invalid(name + ": " + applied.error().message);
        }
    }
    for (auto field : {&Config::data_dir, &Config::guest_dir, &Config::webui_dir, &Config::libexec_dir}) {
        HUTCH_TRY(config.*field, absolute_folder(config.*field));
    }
    HUTCH_CHECK(check_together(config));
    return config;
}

std::string example_file() {
    std::string text =
        "# Settings of hutchd. Every key is shown with its default; an environment variable wins over this "
        "file.\n";
    std::string section;
    // TOML wants the keys outside of any section first.
    std::vector<const Setting*> sorted;
    for (const Setting& setting : settings()) sorted.push_back(&setting);
    std::stable_sort(sorted.begin(), sorted.end(), [](const Setting* left, const Setting* right) {
        return section_of(*left) < section_of(*right);
    });
    for (const Setting* setting : sorted) {
        if (const auto own = section_of(*setting); own != section) {
            section = own;
            text += fmt::format("\n[{}]\n", section);
        }
        const std::string_view name = setting->key.substr(section.empty() ? 0 : section.size() + 1);
        const bool number = takes_number(*setting);
        const std::string value = shown_default(*setting);
        text +=
            fmt::format("\n# {}{} ({})\n#{} = {}\n", setting->meaning, range_of(*setting), setting->variable,
                        name, number ? (value.empty() ? "0" : value) : '"' + value + '"');
    }
    return text;
}

std::string describe_settings() {
    std::string text =
        "Settings, by environment variable or by key of the TOML file (--config FILE, or HUTCH_CONFIG); the "
        "variable wins:\n";
    for (const Setting& setting : settings()) {
        std::string shown = shown_default(setting);
        if (shown.empty()) shown = "none";
        text += fmt::format("\n  {}  ({})\n      {}{}\n      default: {}\n", setting.variable, setting.key,
                            setting.meaning, range_of(setting), shown);
    }
    return text;
}

}  // namespace hutch::config
