#include "guest-agent/workspace_path.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hutch::guest_agent {
namespace {

using ::testing::StartsWith;

TEST(WorkspacePath, AbsoluteAndRelative) {
    EXPECT_EQ(workspace_path("/workspace", "cwd").value(), "/workspace");
    EXPECT_EQ(workspace_path("/workspace/", "cwd").value(), "/workspace");
    EXPECT_EQ(workspace_path("/workspace/a//b/./c/", "cwd").value(), "/workspace/a/b/c");
    EXPECT_EQ(workspace_path("a/b", "cwd").value(), "/workspace/a/b");
    EXPECT_EQ(workspace_path(".", "cwd").value(), "/workspace");
    EXPECT_EQ(workspace_path("a/../b", "cwd").value(), "/workspace/b");
    EXPECT_EQ(workspace_path("/workspace/..hidden", "cwd").value(), "/workspace/..hidden");
}

TEST(WorkspacePath, NothingElse) {
    for (const std::string_view path :
         {"", "/", "/etc", "/home/user", "/home/user/x", "/workspaces", "..", "../workspace", "a/../..",
          "/workspace/..", "/workspace/../etc", "/etc/../workspace", "/workspace/../workspace/a"}) {
        const auto result = workspace_path(path, "cwd");
        ASSERT_FALSE(result) << path;
        EXPECT_THAT(result.error().message, StartsWith("cwd ")) << path;
        EXPECT_EQ(result.error().kind, ErrorKind::invalid_argument);
    }
    EXPECT_FALSE(workspace_path(std::string_view("/workspace/a\0b", 14), "cwd"));
    EXPECT_FALSE(workspace_path("/workspace/" + std::string(5000, 'a'), "cwd"));
}

}  // namespace
}  // namespace hutch::guest_agent
