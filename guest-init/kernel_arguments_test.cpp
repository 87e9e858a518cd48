#include "guest-init/kernel_arguments.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hutch::guest_init {
namespace {

using ::testing::HasSubstr;

constexpr char complete[] =
    "mem=128M con=null hutch.image=/dev/ubda hutch.overlay=/dev/ubdb hutch.hostname=vm-1 "
    "hutch.ip=172.16.3.4/16 root=98:0\n";

std::string error_of(std::string_view command_line) {
    const auto parsed = parse_kernel_arguments(command_line);
    return parsed ? "" : parsed.error().message;
}

TEST(KernelArguments, ReadsAllFour) {
    const auto parsed = parse_kernel_arguments(complete);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(parsed->image, "/dev/ubda");
    EXPECT_EQ(parsed->overlay, "/dev/ubdb");
    EXPECT_EQ(parsed->hostname, "vm-1");
    EXPECT_EQ(parsed->address, "172.16.3.4");
    EXPECT_EQ(parsed->prefix_length, 16U);
}

TEST(KernelArguments, NamesWhatIsMissing) {
    EXPECT_THAT(error_of(""), HasSubstr("hutch.image is missing"));
    EXPECT_THAT(error_of("hutch.image=/dev/a"), HasSubstr("hutch.overlay is missing"));
    EXPECT_THAT(error_of("hutch.image=/dev/a hutch.overlay="), HasSubstr("hutch.overlay is missing"));
    EXPECT_THAT(error_of("hutch.image=/dev/a hutch.overlay=/dev/b hutch.hostname=h"),
                HasSubstr("hutch.ip is missing"));
    EXPECT_THAT(error_of("xhutch.image=/dev/a hutch.imagex=/dev/a"), HasSubstr("hutch.image is missing"));
}

TEST(KernelArguments, RefusesWrongForms) {
    const std::string devices = "hutch.image=/dev/a hutch.overlay=/dev/b ";
    EXPECT_THAT(error_of("hutch.image=/dev/a hutch.image=/dev/b"), HasSubstr("given twice"));
    EXPECT_THAT(error_of("hutch.image=/etc/passwd"), HasSubstr("not a device"));
    EXPECT_THAT(error_of("hutch.image=/dev/../etc/passwd"), HasSubstr("not a device"));
    EXPECT_THAT(error_of(devices + "hutch.hostname=a_b hutch.ip=1.2.3.4/8"), HasSubstr("not a host name"));
    EXPECT_THAT(error_of(devices + "hutch.hostname=-a hutch.ip=1.2.3.4/8"), HasSubstr("not a host name"));
    EXPECT_THAT(error_of(devices + "hutch.hostname=a hutch.ip=1.2.3.4"), HasSubstr("not an IPv4 address"));
    EXPECT_THAT(error_of(devices + "hutch.hostname=a hutch.ip=1.2.3/8"), HasSubstr("not an IPv4 address"));
    EXPECT_THAT(error_of(devices + "hutch.hostname=a hutch.ip=1.2.3.4/33"), HasSubstr("outside 1"));
    EXPECT_THAT(error_of(devices + "hutch.hostname=a hutch.ip=1.2.3.4/8x"), HasSubstr("outside 1"));
}

}  // namespace
}  // namespace hutch::guest_init
