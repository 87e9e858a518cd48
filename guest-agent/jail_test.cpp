#include "guest-agent/jail.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hutch::guest_agent {
namespace {

using ::testing::Contains;
using ::testing::Field;
using ::testing::StrEq;

TEST(Jail, CpuDescriptionOfAUserModeKernel) {
    EXPECT_EQ(cpu_description(
                  "processor\t: 0\nvendor_id\t: User Mode Linux\nhost\t\t: Linux box 6.1\nfpu\t\t: yes\n\n"),
              "processor\t: 0\ncore id\t\t: 0\nvendor_id\t: User Mode Linux\nfpu\t\t: yes\n\n");
}

TEST(Jail, CpuDescriptionOfOtherKernelsStays) {
    const std::string text = "processor\t: 0\nvendor_id\t: AuthenticAMD\nhost\t: x\n";
    EXPECT_EQ(cpu_description(text), text);
}

TEST(Jail, KernelArgumentsAreCovered) {
    EXPECT_THAT(proc_covers(), Contains(Field(&ProcCover::target, StrEq("/proc/cmdline"))));
}

}  // namespace
}  // namespace hutch::guest_agent
