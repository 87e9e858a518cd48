#include "manager/images/guest_manifest.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/testing/temporary_directory.hpp"

namespace hutch::images {
namespace {

using nlohmann::json;

class GuestManifestTest : public testing::Test {
protected:
    static json valid() {
        const std::string digest(64, 'a');
        return {{"kernel", {{"file", "kernel"}, {"sha256", digest}, {"sizeBytes", 1}}},
                {"initramfs", {{"file", "initramfs.cpio"}, {"sha256", digest}, {"sizeBytes", 2}}},
                {"rootfs",
                 {{"file", "rootfs.ext4"},
                  {"sha256", digest},
                  {"sizeBytes", 3},
                  {"name", "debian-12"},
                  {"description", "Debian"},
                  {"format", "ext4"}}}};
    }
    Result<GuestManifest> read(const std::string& text) {
        std::ofstream(folder_.path() / "manifest.json") << text;
        return read_guest_manifest(folder_.path());
    }
    testing_support::TemporaryDirectory folder_;
};

TEST_F(GuestManifestTest, ReadsAllFields) {
    json text = valid();
    text["somethingElse"] = 1;
    const GuestManifest manifest = read(text.dump()).value();
    EXPECT_EQ(manifest.kernel.path, folder_.path() / "kernel");
    EXPECT_EQ(manifest.initramfs.bytes, 2);
    EXPECT_EQ(manifest.rootfs.sha256, std::string(64, 'a'));
    EXPECT_EQ(manifest.image_name, "debian-12");
    EXPECT_EQ(manifest.rootfs_format, "ext4");
}

TEST_F(GuestManifestTest, SaysWhatIsWrong) {
    EXPECT_FALSE(read_guest_manifest(folder_.path()));
    for (const char* text : {"", "[]", "{", "null", "\"a\""})
        EXPECT_EQ(read(text).error().code, "invalid_manifest") << text;
    const auto broken = [&](const char* pointer, const json& value, const char* named) {
        json text = valid();
        text[json::json_pointer(pointer)] = value;
        const auto result = read(text.dump());
        ASSERT_FALSE(result) << pointer;
        EXPECT_NE(result.error().message.find(named), std::string::npos) << result.error().message;
        EXPECT_NE(result.error().message.find("manifest.json"), std::string::npos);
    };
    broken("/kernel", 1, "kernel");
    broken("/kernel/file", "../../etc/shadow", "kernel.file");
    broken("/kernel/file", "..", "kernel.file");
    broken("/kernel/sha256", "abc", "kernel.sha256");
    broken("/initramfs/sizeBytes", -1, "initramfs.sizeBytes");
    broken("/initramfs/sizeBytes", "1", "initramfs.sizeBytes");
    broken("/rootfs/format", "ntfs", "rootfs.format");
    broken("/rootfs/name", "", "rootfs.name");
}

}  // namespace
}  // namespace hutch::images
