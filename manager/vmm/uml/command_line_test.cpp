#include "manager/vmm/uml/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hutch::vmm::uml {
namespace {

using ::testing::Contains;

TEST(ParseLoopsPerJiffy, ReadsTheKernelsLine) {
    EXPECT_EQ(parse_loops_per_jiffy("Calibrating delay loop... 6987.77 BogoMIPS (lpj=34938880)\npid_max\n"),
              34938880U);
}

TEST(ParseLoopsPerJiffy, RefusesAnythingElse) {
    for (const char* console :
         {"", "lpj=5", "(lpj=", "(lpj=12", "(lpj=x)", "(lpj=0)", "(lpj=-4)", "(lpj=99999999999999999999999)"})
        EXPECT_FALSE(parse_loops_per_jiffy(console)) << console;
}

TEST(BootArguments, PtraceModeAndReadOnlyBase) {
    LaunchRequest request;
    request.memory_mib = 128;
    request.guest_ip = "172.16.0.2";
    request.hostname = "vm-a";
    const auto arguments = boot_arguments(request, 1000);
    EXPECT_EQ(arguments.front(), "/kernel");
    for (const char* expected : {"seccomp=off", "ubd0rcd=/rootfs", "ubd1cd=/overlay", "mem=128M", "lpj=1000",
                                 "hutch.ip=172.16.0.2/16", "hutch.hostname=vm-a"})
        EXPECT_THAT(arguments, Contains(expected));
}

}  // namespace
}  // namespace hutch::vmm::uml
