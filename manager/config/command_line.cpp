#include "manager/config/command_line.hpp"

#include <sstream>

#include <CLI/CLI.hpp>

#include "manager/config/config.hpp"

#ifndef HUTCH_VERSION
#error "HUTCH_VERSION comes from the build"
#endif

namespace hutch::config {

CommandLine parse_command_line(int argc, const char* const* argv) {
    CLI::App app("hutchd runs untrusted code in small virtual machines and offers that over HTTP.", "hutchd");
    app.set_version_flag("--version", std::string("hutchd ") + HUTCH_VERSION);
    std::string file;
    const CLI::Option* const config =
        app.add_option("--config", file, "TOML file with settings")->type_name("FILE");
    const CLI::Option* const example =
        app.add_flag("--example-config")->description("print a TOML file with all settings, commented");
    CLI::App* const doctor = app.add_subcommand(
        "doctor", "say what this host can do, found by trying it, and which driver is chosen");
    doctor->fallthrough();
    const CLI::Option* const json = doctor->add_flag("--json")->description("for programs");
    app.footer([] { return "\n" + describe_settings(); });
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        std::ostringstream out;
        std::ostringstream err;
        const int status = app.exit(error, out, err);
        return PrintCommand{status == 0 ? out.str() : err.str(), status};
    }
    if (example->count() > 0) return PrintCommand{example_file(), 0};
    std::optional<std::filesystem::path> config_file;
    if (config->count() > 0) config_file = file;
    if (doctor->parsed())
        return DoctorCommand{config_file, json->count() > 0 ? OutputFormat::json : OutputFormat::text};
    return RunCommand{config_file};
}

}  // namespace hutch::config
