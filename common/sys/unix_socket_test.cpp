#include "common/sys/unix_socket.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "common/sys/file.hpp"
#include "common/testing/temporary_directory.hpp"

namespace hutch::sys {
namespace {

using testing_support::TemporaryDirectory;

TEST(UnixSocket, WorksBelowADirectoryLongerThanSunPath) {
    const TemporaryDirectory folder;
    const auto deep = folder.path() / std::string(200, 'd') / std::string(200, 'e');
    ASSERT_TRUE(make_directories(deep));
    auto directory = open_directory(deep);
    ASSERT_TRUE(directory);
    auto listener = listen_unix(*directory, "vsock.sock", 4);
    ASSERT_TRUE(listener) << listener.error().message;
    auto client = connect_unix(*directory, "vsock.sock");
    ASSERT_TRUE(client) << client.error().message;
    UniqueFd server(::accept(listener->get(), nullptr, nullptr));
    EXPECT_TRUE(server);
    struct stat status {};
    ASSERT_EQ(::stat((deep / "vsock.sock").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST(UnixSocket, ReplacesALeftover) {
    const TemporaryDirectory folder;
    auto directory = open_directory(folder.path());
    ASSERT_TRUE(directory);
    { ASSERT_TRUE(listen_unix(*directory, "s", 1)); }
    EXPECT_FALSE(connect_unix(*directory, "s"));
    auto again = listen_unix(*directory, "s", 1);
    ASSERT_TRUE(again);
    EXPECT_TRUE(connect_unix(*directory, "s"));
}

}  // namespace
}  // namespace hutch::sys
