#include "manager/vmm/driver_choice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hutch::vmm {
namespace {

using ::testing::HasSubstr;

const Probe works{true, "it works", ""};
const Probe kvm_fails{false, "ran mov; then cmpxchg16b failed", "cmpxchg16b failed"};
const Probe uml_fails{false, "ran; the kernel printed nothing", "the kernel printed nothing"};

TEST(DriverChoice, AutoIsUmlAndSaysWhyNotKvm) {
    const auto choice = choose_driver("auto", {kvm_fails, works});
    ASSERT_TRUE(choice);
    EXPECT_EQ(choice->name, "uml");
    EXPECT_THAT(choice->reason, HasSubstr("cmpxchg16b failed"));
    EXPECT_THAT(choice->reason, HasSubstr("not built in this version"));
}

TEST(DriverChoice, AutoIsUmlAlsoWhereKvmWorks) {
    const auto choice = choose_driver("auto", {works, works});
    ASSERT_TRUE(choice);
    EXPECT_EQ(choice->name, "uml");
    EXPECT_THAT(choice->reason, HasSubstr("KVM runs guests"));
    EXPECT_THAT(choice->reason, HasSubstr("not built in this version"));
}

TEST(DriverChoice, WhatIsConfiguredIsTaken) {
    const auto choice = choose_driver("uml", {works, works});
    ASSERT_TRUE(choice);
    EXPECT_EQ(choice->name, "uml");
    EXPECT_THAT(choice->reason, HasSubstr("HUTCH_DRIVER"));
}

TEST(DriverChoice, WithoutAUsableDriverItSaysWhy) {
    for (const char* const configured : {"auto", "uml"}) {
        const auto choice = choose_driver(configured, {works, uml_fails});
        ASSERT_FALSE(choice) << configured;
        EXPECT_EQ(choice.error().code, "no_driver");
        EXPECT_THAT(choice.error().message, HasSubstr("the kernel printed nothing"));
    }
}

TEST(DriverChoice, AnUnknownDriverIsRefused) {
    for (const char* const configured : {"firecracker", "qemu", "", "UML"}) {
        const auto choice = choose_driver(configured, {works, works});
        ASSERT_FALSE(choice) << configured;
        EXPECT_EQ(choice.error().kind, ErrorKind::invalid_argument);
    }
}

}  // namespace
}  // namespace hutch::vmm
