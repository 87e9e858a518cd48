#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>

namespace hutch::config {

/// Start the manager.
struct RunCommand {
    std::optional<std::filesystem::path> config_file;
};
enum class OutputFormat { text, json };

/// Say what this host can do.
struct DoctorCommand {
    std::optional<std::filesystem::path> config_file;
    OutputFormat format = OutputFormat::text;
};
/// Print this and end with `exit_status`: help, the version, or what is wrong with the arguments (then on
/// stderr).
struct PrintCommand {
    std::string text;
    int exit_status = 0;
};
using CommandLine = std::variant<RunCommand, DoctorCommand, PrintCommand>;

/// hutchd's arguments.
[[nodiscard]] CommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace hutch::config
