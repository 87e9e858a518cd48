#include "manager/jail/specification.hpp"

#include <gtest/gtest.h>

namespace hutch::jail {
namespace {

TEST(Specification, SurvivesTheWire) {
    Specification sent;
    sent.program = "/kernel";
    sent.arguments = {"/kernel", "mem=128M", "with space", "\"quoted\""};
    sent.environment = {"HOME=/tmp"};
    sent.mounts = {{MountKind::tmpfs, "", "/tmp", 1234}, {MountKind::device, "/dev/null", "/dev/null", 0}};
    sent.policy = Policy::vsock_device;
    sent.layout = AddressSpaceLayout::fixed;
    sent.host_uid = 7;
    sent.max_file_bytes = 1ULL << 40;
    const auto received = parse_specification(to_json(sent));
    ASSERT_TRUE(received) << received.error().message;
    EXPECT_EQ(received->arguments, sent.arguments);
    EXPECT_EQ(received->environment, sent.environment);
    ASSERT_EQ(received->mounts.size(), 2U);
    EXPECT_EQ(received->mounts[0].kind, MountKind::tmpfs);
    EXPECT_EQ(received->mounts[0].size_bytes, 1234U);
    EXPECT_EQ(received->policy, Policy::vsock_device);
    EXPECT_EQ(received->layout, AddressSpaceLayout::fixed);
    EXPECT_EQ(received->host_uid, 7U);
    EXPECT_FALSE(received->cpu);
    EXPECT_EQ(received->max_file_bytes, sent.max_file_bytes);
}

TEST(Specification, RefusesWhatItDoesNotKnow) {
    std::string text = to_json(Specification{});
    EXPECT_TRUE(parse_specification(text));
    text.replace(text.find("\"uml\""), 5, "\"any\"");
    EXPECT_FALSE(parse_specification(text));
    for (const char* bad : {"", "{}", "[]", "null"}) EXPECT_FALSE(parse_specification(bad));
}

}  // namespace
}  // namespace hutch::jail
