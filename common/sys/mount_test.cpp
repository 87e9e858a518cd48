#include "common/sys/mount.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hutch::sys {
namespace {

using ::testing::HasSubstr;

TEST(Mount, ErrorNamesSourceTargetAndType) {
    const auto mounted = sys::mount({.source = "/dev/none", .target = "/nowhere", .type = "ext4"});
    ASSERT_FALSE(mounted);
    EXPECT_THAT(mounted.error().message, HasSubstr("mount /dev/none on /nowhere as ext4: "));
}

TEST(Mount, DirectoryThatExistsIsSuccess) {
    EXPECT_TRUE(make_directory("/tmp", 0755));
    const auto made = make_directory("/nowhere/below", 0755);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr("make directory /nowhere/below: No such file"));
}

}  // namespace
}  // namespace hutch::sys
