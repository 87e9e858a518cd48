#include "manager/config/command_line.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "manager/config/settings.hpp"

namespace hutch::config {
namespace {

CommandLine parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "hutchd");
    return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

TEST(CommandLine, HelpListsEverySetting) {
    const auto help = std::get<PrintCommand>(parse({"--help"}));
    EXPECT_EQ(help.exit_status, 0);
    for (const Setting& setting : settings()) {
        EXPECT_NE(help.text.find(setting.variable), std::string::npos) << setting.variable;
        EXPECT_NE(help.text.find(setting.key), std::string::npos) << setting.key;
        EXPECT_NE(help.text.find(setting.meaning), std::string::npos) << setting.variable;
    }
}

TEST(CommandLine, RunsWithOrWithoutAFile) {
    EXPECT_FALSE(std::get<RunCommand>(parse({})).config_file);
    EXPECT_EQ(std::get<RunCommand>(parse({"--config", "a b.toml"})).config_file, "a b.toml");
}

TEST(CommandLine, DoctorHasItsFormatAndTheFile) {
    const auto plain = std::get<DoctorCommand>(parse({"doctor"}));
    EXPECT_EQ(plain.format, OutputFormat::text);
    EXPECT_FALSE(plain.config_file);
    for (const auto& arguments : {std::vector<const char*>{"--config", "a.toml", "doctor", "--json"},
                                  {"doctor", "--json", "--config", "a.toml"}}) {
        const auto json = std::get<DoctorCommand>(parse(arguments));
        EXPECT_EQ(json.format, OutputFormat::json);
        EXPECT_EQ(json.config_file, "a.toml");
    }
    EXPECT_NE(std::get<PrintCommand>(parse({"--json"})).exit_status, 0);
    EXPECT_NE(std::get<PrintCommand>(parse({"surgeon"})).exit_status, 0);
}

TEST(CommandLine, AnUnknownArgumentIsAnErrorThatNamesIt) {
    const auto printed = std::get<PrintCommand>(parse({"--colour"}));
    EXPECT_NE(printed.exit_status, 0);
    EXPECT_NE(printed.text.find("--colour"), std::string::npos);
    EXPECT_NE(std::get<PrintCommand>(parse({"--config"})).exit_status, 0);
}

TEST(CommandLine, SaysItsVersion) {
    const auto printed = std::get<PrintCommand>(parse({"--version"}));
    EXPECT_EQ(printed.exit_status, 0);
    EXPECT_EQ(printed.text.find("hutchd "), 0U);
}

}  // namespace
}  // namespace hutch::config
