#include "common/sys/file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/testing/temporary_directory.hpp"

namespace hutch::sys {
namespace {

using testing_support::TemporaryDirectory;

TEST(CopySparse, KeepsHolesAndBytes) {
    const TemporaryDirectory folder;
    const auto source = folder.path() / "source";
    {
        auto fd = sys::open(source, O_WRONLY | O_CREAT);
        ASSERT_TRUE(fd);
        ASSERT_EQ(::ftruncate(fd->get(), 256 << 20), 0);
        ASSERT_EQ(::pwrite(fd->get(), "end", 3, 200 << 20), 3);
    }
    ASSERT_TRUE(copy_sparse(source, folder.path() / "copy", 0600));
    struct stat status {};
    ASSERT_EQ(::stat((folder.path() / "copy").c_str(), &status), 0);
    EXPECT_EQ(status.st_size, 256 << 20);
    EXPECT_LT(status.st_blocks * 512, 1 << 20);
    auto fd = sys::open(folder.path() / "copy", O_RDONLY);
    ASSERT_TRUE(fd);
    char bytes[4] = {};
    ASSERT_EQ(::pread(fd->get(), bytes, 3, 200 << 20), 3);
    EXPECT_STREQ(bytes, "end");
}

TEST(CopySparse, RefusesToOverwrite) {
    const TemporaryDirectory folder;
    ASSERT_TRUE(write_file_durably(folder.path() / "a", "a", 0600));
    ASSERT_TRUE(write_file_durably(folder.path() / "b", "b", 0600));
    const auto copied = copy_sparse(folder.path() / "a", folder.path() / "b", 0600);
    ASSERT_FALSE(copied);
    EXPECT_EQ(*read_file(folder.path() / "b", 10), "b");
}

TEST(ReadFile, LongerThanTheLimitIsAnErrorNotATruncation) {
    const TemporaryDirectory folder;
    ASSERT_TRUE(write_file_durably(folder.path() / "file", std::string(100, 'x'), 0600));
    EXPECT_EQ(read_file(folder.path() / "file", 100)->size(), 100U);
    const auto cut = read_file(folder.path() / "file", 99);
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().kind, ErrorKind::payload_too_large);
}

TEST(RemoveTree, DoesNotFollowLinks) {
    const TemporaryDirectory folder;
    ASSERT_TRUE(make_directories(folder.path() / "keep"));
    ASSERT_TRUE(write_file_durably(folder.path() / "keep/file", "x", 0600));
    ASSERT_TRUE(make_directories(folder.path() / "tree/deep"));
    ASSERT_EQ(::symlink("../../keep", (folder.path() / "tree/deep/link").c_str()), 0);
    ASSERT_TRUE(remove_tree(folder.path() / "tree"));
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "keep/file"));
    EXPECT_TRUE(remove_tree(folder.path() / "tree"));
}

TEST(CopySparse, BetweenFilesystemsThatCopyFileRangeDoesNotJoin) {
    const TemporaryDirectory folder;
    const std::filesystem::path source = "/dev/shm/hutch-copy-test-" + std::to_string(::getpid());
    {
        const auto fd = sys::open(source, O_WRONLY | O_CREAT).value();
        ASSERT_TRUE(write_all(fd, std::string(3'000'000, 'a')));
        ASSERT_EQ(::ftruncate(fd.get(), 50'000'000), 0);
    }
    const auto copied = copy_sparse(source, folder.path() / "copy", 0600);
    std::filesystem::remove(source);
    ASSERT_TRUE(copied) << copied.error().message;
    const std::string bytes = read_file(folder.path() / "copy", 60'000'000).value();
    EXPECT_EQ(bytes, std::string(3'000'000, 'a') + std::string(47'000'000, '\0'));
    struct stat status {};
    ASSERT_EQ(::stat((folder.path() / "copy").c_str(), &status), 0);
    EXPECT_LT(status.st_blocks * 512, 10'000'000) << "the hole became data";
}

TEST(TryLock, OneHolderAtATime) {
    const TemporaryDirectory folder;
    {
        const auto first = sys::open(folder.path() / "lock", O_RDWR | O_CREAT).value();
        const auto second = sys::open(folder.path() / "lock", O_RDWR).value();
        EXPECT_TRUE(try_lock(first).value());
        EXPECT_FALSE(try_lock(second).value());
    }
    const auto third = sys::open(folder.path() / "lock", O_RDWR).value();
    EXPECT_TRUE(try_lock(third).value());
}

TEST(SealedMemoryFile, CannotBeWritten) {
    auto fd = sealed_memory_file("specification", "bytes");
    ASSERT_TRUE(fd);
    EXPECT_LT(::write(fd->get(), "x", 1), 0);
}

}  // namespace
}  // namespace hutch::sys
