#include "manager/doctor/host_checks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hutch::doctor {
namespace {

using ::testing::HasSubstr;

TEST(DoctorHost, KernelsTooOldForTheJailFail) {
    EXPECT_EQ(check_kernel("6.1.0-40-amd64", "x86_64").status, Status::ok);
    EXPECT_EQ(check_kernel("5.12.0", "x86_64").status, Status::ok);
    EXPECT_EQ(check_kernel("7.2", "x86_64").status, Status::ok);
    EXPECT_EQ(check_kernel("5.11.22", "x86_64").status, Status::failure);
    EXPECT_EQ(check_kernel("4.19.0", "x86_64").status, Status::failure);
    EXPECT_EQ(check_kernel("garbage", "x86_64").status, Status::failure);
    EXPECT_EQ(check_kernel("6.1.0", "aarch64").status, Status::failure);
}

TEST(DoctorHost, TheRunningKernelIsNamed) {
    EXPECT_THAT(check_running_kernel().text, HasSubstr("Linux "));
}

TEST(DoctorHost, MemoryBelowTheSmallestGuestWarns) {
    const char* const meminfo =
        "MemTotal:       24684092 kB\nMemFree:         1 kB\nMemAvailable:     262144 kB\n";
    const Check enough = check_memory(meminfo, 256);
    EXPECT_EQ(enough.status, Status::ok);
    EXPECT_THAT(enough.text, HasSubstr("256 MiB available of 24105 MiB"));
    EXPECT_EQ(check_memory(meminfo, 257).status, Status::warning);
    EXPECT_EQ(check_memory("", 128).status, Status::warning);
    EXPECT_EQ(check_memory("MemTotal: \nMemAvailable: x", 128).status, Status::warning);
}

TEST(DoctorHost, RootNeedsTheUidsOfTheVms) {
    EXPECT_EQ(check_user(0, "         0          0 4294967295\n").status, Status::ok);
    EXPECT_EQ(check_user(0, "0 100000 65536\n").status, Status::failure);
    EXPECT_EQ(check_user(0, "0 100000 65536\n1213530112 1213530112 65536\n").status, Status::ok);
    EXPECT_EQ(check_user(0, "1213530112 1213530112 65535\n").status, Status::failure);
    EXPECT_EQ(check_user(0, "").status, Status::failure);
    const Check ordinary = check_user(1000, "0 100000 65536\n");
    EXPECT_EQ(ordinary.status, Status::ok);
    EXPECT_THAT(ordinary.text, HasSubstr("uid 1000"));
}

TEST(DoctorHost, FewerFilesThanConnectionsWarn) {
    config::Config config;
    config.max_connections = 1000;
    EXPECT_EQ(check_open_files(1256, config).status, Status::ok);
    const Check few = check_open_files(1024, config);
    EXPECT_EQ(few.status, Status::warning);
    EXPECT_THAT(few.text, HasSubstr("HUTCH_MAX_CONNECTIONS=1000"));
}

TEST(DoctorHost, AnAddressOthersCanReachWarnsOfPlainHttp) {
    config::Config config;
    config.listen_port = 3000;
    for (const char* const local : {"127.0.0.1", "127.1.2.3", "::1", "localhost"}) {
        config.listen_host = local;
        EXPECT_EQ(check_listen_address(config).status, Status::ok) << local;
    }
    for (const char* const reachable :
         {"0.0.0.0", "::", "192.168.1.2", "128.0.0.1", "127.example.org", "2001:db8::1"}) {
        config.listen_host = reachable;
        const Check check = check_listen_address(config);
        EXPECT_EQ(check.status, Status::warning) << reachable;
        EXPECT_THAT(check.text, HasSubstr("plain HTTP"));
    }
    config.listen_host = "::";
    EXPECT_THAT(check_listen_address(config).text, HasSubstr("[::]:3000"));
}

TEST(DoctorHost, CgroupLimitsAreSaidToBeMissing) {
    EXPECT_EQ(check_cgroup_limits().status, Status::warning);
    EXPECT_THAT(check_cgroup_limits().text, HasSubstr("not applied"));
}

}  // namespace
}  // namespace hutch::doctor
