#include "manager/vm/log_pump.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/sys/file.hpp"
#include "common/testing/temporary_directory.hpp"

namespace hutch::vm {
namespace {

using testing_support::TemporaryDirectory;

TEST(LogPump, AFloodStaysWithinItsLimitAndKeepsTheEnd) {
    const TemporaryDirectory folder;
    const auto file = folder.path() / "console.log";
    {
        auto pump = LogPump::create(64 << 10);
        ASSERT_TRUE(pump);
        auto writer = (*pump)->attach(file);
        ASSERT_TRUE(writer) << writer.error().message;
        for (int line = 0; line < 20'000; ++line)
            ASSERT_TRUE(sys::write_all(*writer, "line " + std::to_string(line) + "\n"));
        writer->reset();
        (*pump)->wait_until_complete(file, std::chrono::seconds(60));
        EXPECT_TRUE(sys::read_file(file, 1 << 20)->ends_with("line 19999\n"));
    }
    EXPECT_LE(std::filesystem::file_size(file), 32U << 10);
    EXPECT_LE(std::filesystem::file_size(file.string() + ".1"), 32U << 10);
}

TEST(LogPump, AppendsAcrossStarts) {
    const TemporaryDirectory folder;
    const auto file = folder.path() / "console.log";
    ASSERT_TRUE(sys::write_file_durably(file, "first\n", 0600));
    auto pump = LogPump::create(1 << 20);
    ASSERT_TRUE(pump);
    auto writer = (*pump)->attach(file);
    ASSERT_TRUE(writer);
    EXPECT_EQ(*sys::read_file(file, 100), "first\n");
}

}  // namespace
}  // namespace hutch::vm
