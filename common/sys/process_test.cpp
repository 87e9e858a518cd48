#include "common/sys/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "common/sys/file.hpp"

namespace hutch::sys {
namespace {

TEST(Spawn, PassesOnlyTheNamedDescriptors) {
    auto pipe = make_pipe();
    ASSERT_TRUE(pipe);
    const UniqueFd leak(::fcntl(pipe->write_end.get(), F_DUPFD, 50));  // as if inherited: not close-on-exec
    const UniqueFd low_leak(::fcntl(pipe->write_end.get(), F_DUPFD, 4));
    auto child = spawn({"/bin/sh", "-c", "ls /proc/self/fd | tr '\\n' ' ' >&7"}, {"PATH=/bin:/usr/bin"},
                       {{pipe->write_end.get(), 7}});
    ASSERT_TRUE(child) << child.error().message;
    ASSERT_EQ(child->wait()->exit_code, 0);
    char text[256] = {};
    ASSERT_GT(::read(pipe->read_end.get(), text, sizeof text - 1), 0);
    EXPECT_STREQ(text, "0 1 2 3 7 ");  // 3 is ls reading the directory
}

TEST(Spawn, SwappedDescriptorsArriveRight) {
    auto first = make_pipe();
    auto second = make_pipe();
    ASSERT_TRUE(first);
    ASSERT_TRUE(second);
    const int a = first->write_end.get();
    const int b = second->write_end.get();
    auto child =
        spawn({"/bin/sh", "-c", "printf one >&" + std::to_string(b) + "; printf two >&" + std::to_string(a)},
              {"PATH=/bin"}, {{a, b}, {b, a}});
    ASSERT_TRUE(child);
    ASSERT_EQ(child->wait()->exit_code, 0);
    char text[8] = {};
    ASSERT_EQ(::read(first->read_end.get(), text, sizeof text), 3);
    EXPECT_STREQ(text, "one");
}

TEST(Spawn, MissingProgramIsAnError) {
    const auto child = spawn({"/does/not/exist"}, {}, {});
    ASSERT_FALSE(child);
    EXPECT_NE(child.error().message.find("/does/not/exist"), std::string::npos);
}

TEST(ChildProcess, TellsSignalFromExitCode) {
    auto killed = spawn({"/bin/sleep", "1000"}, {}, {});
    ASSERT_TRUE(killed);
    ASSERT_TRUE(killed->send_signal(SIGKILL));
    EXPECT_EQ(killed->wait()->signal, SIGKILL);
    auto failed = spawn({"/bin/sh", "-c", "exit 3"}, {}, {});
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->wait()->exit_code, 3);
}

TEST(ChildProcess, WaitForReportsARunningChild) {
    auto child = spawn({"/bin/sleep", "1000"}, {}, {});
    ASSERT_TRUE(child);
    auto status = child->wait_for(std::chrono::milliseconds(0));
    ASSERT_TRUE(status);
    EXPECT_FALSE(status->has_value());
}

TEST(ChildProcess, DestructionEndsTheProcess) {
    auto pipe = make_pipe();
    ASSERT_TRUE(pipe);
    {
        auto child = spawn({"/bin/sleep", "1000"}, {}, {{pipe->write_end.get(), 5}});
        ASSERT_TRUE(child);
        pipe->write_end.reset();
    }
    char byte = 0;
    EXPECT_EQ(::read(pipe->read_end.get(), &byte, 1), 0);  // the last writer is gone
}

}  // namespace
}  // namespace hutch::sys
