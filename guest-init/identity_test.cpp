#include "guest-init/identity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hutch::guest_init {
namespace {

using ::testing::MatchesRegex;

TEST(Identity, MachineIdIsStableAndOfOneVm) {
    const std::string id = machine_id("vm-a", "172.16.0.2");
    EXPECT_THAT(id, MatchesRegex("[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}"));
    EXPECT_EQ(id, machine_id("vm-a", "172.16.0.2"));
    EXPECT_NE(id, machine_id("vm-b", "172.16.0.2"));
    EXPECT_NE(id, machine_id("vm-a", "172.16.0.3"));
}

TEST(Identity, HostsNamesTheVm) {
    EXPECT_EQ(hosts_file("127.0.0.1 localhost", "vm-a"), "127.0.0.1 localhost\n127.0.1.1 vm-a\n");
    EXPECT_EQ(hosts_file("", "vm-a"), "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 vm-a\n");
}

}  // namespace
}  // namespace hutch::guest_init
