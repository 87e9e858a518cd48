#include "manager/doctor/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hutch::doctor {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

Report report_with(std::vector<Check> checks) {
    return {std::move(checks), "auto", vmm::DriverChoice{"uml", "KVM's probe failed"}};
}

Report without_driver() {
    return {{},
            "auto",
            fail(ErrorKind::internal, "no_driver", "no driver can run guests on this host: it is a toaster")};
}

TEST(DoctorReport, WarningsAreHealthyAndFailuresAreNot) {
    EXPECT_TRUE(healthy(report_with({})));
    EXPECT_TRUE(healthy(report_with({{"a", Status::ok, ""}, {"b", Status::warning, ""}})));
    EXPECT_FALSE(healthy(report_with({{"a", Status::ok, ""}, {"b", Status::failure, ""}})));
    EXPECT_FALSE(healthy(without_driver()));
}

TEST(DoctorReport, TextHasColumnsAndTheDriverLast) {
    EXPECT_EQ(to_text(report_with({{"KVM", Status::warning, "not usable"},
                                   {"data folder", Status::ok, "/d"},
                                   {"x", Status::failure, "y"}})),
              "warn  KVM          not usable\n"
              "ok    data folder  /d\n"
              "FAIL  x            y\n"
              "\n"
              "driver auto: uml, because KVM's probe failed\n");
    EXPECT_THAT(to_text(without_driver()),
                EndsWith("\nno driver can run guests on this host: it is a toaster\n"));
}

TEST(DoctorReport, WhatKernelsPrintCannotMoveTheCursorOrForgeALine) {
    const std::string text =
        to_text(report_with({{"uml", Status::failure, "panic\r\n\x1b[2Jok    uml\tfine\n"}}));
    EXPECT_THAT(text, HasSubstr("FAIL  uml  panic | ?[2Jok    uml?fine\n"));
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(DoctorReport, JsonHasAllOfIt) {
    const auto json = nlohmann::json::parse(to_json(
        report_with({{"a", Status::ok, "x"}, {"b", Status::warning, "y"}, {"c", Status::failure, "z"}})));
    EXPECT_EQ(json.at("ok"), false);
    ASSERT_EQ(json.at("checks").size(), 3U);
    EXPECT_EQ(json["checks"][0], (nlohmann::json{{"name", "a"}, {"status", "ok"}, {"text", "x"}}));
    EXPECT_EQ(json["checks"][1]["status"], "warning");
    EXPECT_EQ(json["checks"][2]["status"], "failure");
    EXPECT_EQ(json.at("driver"),
              (nlohmann::json{{"configured", "auto"}, {"name", "uml"}, {"reason", "KVM's probe failed"}}));
}

TEST(DoctorReport, JsonWithoutADriverHasNullAndTheReason) {
    const auto json = nlohmann::json::parse(to_json(without_driver()));
    EXPECT_EQ(json.at("ok"), false);
    EXPECT_TRUE(json.at("driver").at("name").is_null());
    EXPECT_THAT(json.at("driver").at("reason").get<std::string>(), HasSubstr("toaster"));
}

TEST(DoctorReport, JsonSurvivesInvalidUtf8) {
    const auto json =
        nlohmann::json::parse(to_json(report_with({{"a", Status::ok, "\xff\xfe"}})), nullptr, false);
    EXPECT_FALSE(json.is_discarded());
}

}  // namespace
}  // namespace hutch::doctor
