#include "manager/auth/bootstrap_key.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "common/testing/temporary_directory.hpp"

namespace hutch::auth {
namespace {

class BootstrapKeyTest : public testing::Test {
protected:
    [[nodiscard]] mode_t mode() const {
        struct stat status {};
        EXPECT_EQ(::stat(file_.c_str(), &status), 0);
        return status.st_mode & 07777;
    }
    testing_support::TemporaryDirectory folder_;
    std::filesystem::path file_ = folder_.path() / "api-key";
};

TEST_F(BootstrapKeyTest, TheConfiguredOneIsNotWrittenAnywhere) {
    const auto key = bootstrap_key("configured", file_).value();
    EXPECT_EQ(key.key, "configured");
    EXPECT_EQ(key.origin, BootstrapKey::Origin::configured);
    EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(BootstrapKeyTest, IsGeneratedOnceAndKeptPrivately) {
    const auto first = bootstrap_key("", file_).value();
    EXPECT_EQ(first.origin, BootstrapKey::Origin::generated);
    EXPECT_GE(first.key.size(), 64U);
    EXPECT_EQ(mode(), 0600U);
    const auto second = bootstrap_key("", file_).value();
    EXPECT_EQ(second.origin, BootstrapKey::Origin::kept);
    EXPECT_EQ(second.key, first.key);
}

TEST_F(BootstrapKeyTest, AFileThatOthersMayReadIsTightened) {
    std::ofstream(file_) << "kept-key\n";
    ASSERT_EQ(::chmod(file_.c_str(), 0644), 0);
    EXPECT_EQ(bootstrap_key("", file_).value().key, "kept-key");
    EXPECT_EQ(mode(), 0600U);
}

TEST_F(BootstrapKeyTest, AFileWithoutAKeyIsAnError) {
    for (const char* content : {"", "\n", "two words", "\x01"}) {
        std::ofstream(file_) << content;
        EXPECT_EQ(bootstrap_key("", file_).error().code, "invalid_key_file") << content;
    }
    EXPECT_FALSE(bootstrap_key("", folder_.path() / "no-folder/api-key"));
}

}  // namespace
}  // namespace hutch::auth
