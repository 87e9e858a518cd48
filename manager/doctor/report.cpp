#include "manager/doctor/report.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace hutch::doctor {

namespace {

const char* short_word(Status status) {
    switch (status) {
        case Status::ok:
            return "ok";
        case Status::warning:
            return "warn";
        case Status::failure:
            return "FAIL";
    }
    return "";
}

const char* word(Status status) {
    switch (status) {
        case Status::ok:
            return "ok";
        case Status::warning:
            return "warning";
        case Status::failure:
            return "failure";
    }
    return "";
}

/// Texts hold what kernels and programs printed.
std::string on_one_line(const std::string& text) {
    std::string line;
    for (const char character : text) {
        if (character == '\n') {
            line += " | ";
        } else if (character != '\r') {
            const auto code = static_cast<unsigned char>(character);
            line += code < 0x20 || code == 0x7f ? '?' : character;
        }
    }
    while (line.ends_with(" | ")) line.resize(line.size() - 3);
    return line;
}

}  // namespace

bool healthy(const Report& report) {
    return report.driver.has_value() &&
           std::none_of(report.checks.begin(), report.checks.end(),
                        [](const Check& check) { return check.status == Status::failure; });
}

std::string to_text(const Report& report) {
    std::size_t width = 0;
    for (const Check& check : report.checks) width = std::max(width, check.name.size());
    std::string text;
    for (const Check& check : report.checks)
        text += fmt::format("{:<4}  {:<{}}  {}\n", short_word(check.status), check.name, width,
                            on_one_line(check.text));
    const std::string driver = report.driver
                                   ? fmt::format("driver {}: {}, because {}", report.configured_driver,
                                                 report.driver->name, report.driver->reason)
                                   : report.driver.error().message;
    return text + '\n' + on_one_line(driver) + '\n';
}

std::string to_json(const Report& report) {
    using nlohmann::json;
    json checks = json::array();
    for (const Check& check : report.checks)
        checks.push_back({{"name", check.name}, {"status", word(check.status)}, {"text", check.text}});
    json driver = {{"configured", report.configured_driver}, {"name", nullptr}, {"reason", ""}};
    if (report.driver) driver["name"] = report.driver->name;
    driver["reason"] = report.driver ? report.driver->reason : report.driver.error().message;
    const json all = {{"ok", healthy(report)}, {"checks", checks}, {"driver", driver}};
    return all.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

}  // namespace hutch::doctor
