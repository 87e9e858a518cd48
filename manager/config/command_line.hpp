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
/// Print this and end with `exit_status`: help, the version, or what is wrong with the arguments (then on stderr).
struct PrintCommand {
    std::string text;
    int exit_status = 0;
};
using CommandLine = std::variant<RunCommand, PrintCommand>;

/// hutchd's arguments.
[[nodiscard]] CommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace hutch::config
