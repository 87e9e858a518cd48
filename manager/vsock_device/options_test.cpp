#include "manager/vsock_device/options.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace hutch::vsock {
namespace {

Result<Options> parse(const std::vector<const char*>& arguments) {
    return Options::parse(arguments);
}

TEST(Options, ReadsAll) {
    const auto options = parse({"--guest-cid", "7", "--vhost-fd", "3", "--listen-fd", "4",
                                "--host-socket-dir", "/sockets", "--max-connections", "12"});
    ASSERT_TRUE(options);
    EXPECT_EQ(options->guest_cid, 7U);
    EXPECT_EQ(options->front_end_listener, 3);
    EXPECT_EQ(options->host_listener, 4);
    EXPECT_EQ(options->host_socket_directory, "/sockets");
    EXPECT_EQ(options->max_connections, 12U);
}

TEST(Options, HasDefaults) {
    const auto options = parse({"--vhost-fd", "3", "--listen-fd", "4", "--host-socket-dir", "/sockets"});
    ASSERT_TRUE(options);
    EXPECT_EQ(options->guest_cid, 3U);
    EXPECT_EQ(options->max_connections, 1024U);
}

TEST(Options, HelpNeedsNothingElse) {
    EXPECT_TRUE(parse({"--help"}).value().help);
}

TEST(Options, NamesWhatIsWrong) {
    const std::vector<const char*> good = {"--vhost-fd",        "3",       "--listen-fd", "4",
                                           "--host-socket-dir", "/sockets"};
    const auto with = [&](std::vector<const char*> more) {
        more.insert(more.begin(), good.begin(), good.end());
        return parse(more);
    };
    EXPECT_NE(with({"--verbose"}).error().message.find("--verbose"), std::string::npos);
    for (const char* bad : {"2", "0", "-1", "4294967295", "3x", "", "18446744073709551619"})
        EXPECT_NE(with({"--guest-cid", bad}).error().message.find("--guest-cid"), std::string::npos) << bad;
    EXPECT_NE(with({"--max-connections", "0"}).error().message.find("--max-connections"), std::string::npos);
    EXPECT_NE(with({"--guest-cid"}).error().message.find("needs a value"), std::string::npos);
    EXPECT_FALSE(with({"--host-socket-dir", ""}));
    EXPECT_FALSE(with({"--listen-fd", "3"})) << "the same descriptor twice";
    EXPECT_FALSE(parse({"--vhost-fd", "3", "--listen-fd", "4"}));
    EXPECT_FALSE(parse({"--vhost-fd", "3", "--host-socket-dir", "/s"}));
    EXPECT_FALSE(parse({"--listen-fd", "3", "--host-socket-dir", "/s"}));
}

}  // namespace
}  // namespace hutch::vsock
