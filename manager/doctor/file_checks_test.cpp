#include "manager/doctor/file_checks.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "common/testing/temporary_directory.hpp"

namespace hutch::doctor {
namespace {

using ::testing::HasSubstr;

class DoctorFiles : public ::testing::Test {
protected:
    void SetUp() override {
        config_.guest_dir = folder_.path();
        config_.libexec_dir = folder_.path();
        config_.webui_dir = folder_.path();
        for (const char* const name : {"kernel", "initramfs.cpio", "rootfs.ext4"}) write(name, "12345");
        manifest_.kernel = {folder_.path() / "kernel", "", 5};
        manifest_.initramfs = {folder_.path() / "initramfs.cpio", "", 5};
        manifest_.rootfs = {folder_.path() / "rootfs.ext4", "", 5};
        manifest_.image_name = "debian-12";
        manifest_.rootfs_format = "ext4";
    }
    void write(const char* name, const std::string& text) const {
        std::ofstream(folder_.path() / name) << text;
    }
    [[nodiscard]] Check guest_files() const { return check_guest_files(config_, manifest_); }

    testing_support::TemporaryDirectory folder_;
    config::Config config_;
    images::GuestManifest manifest_;
};

TEST_F(DoctorFiles, VersionsComeFromTheManifest) {
    write("manifest.json",
          R"({"kernel":{"version":"7.2.13"},"rootfs":{"runtimes":{"npm":"11.21.2","odd":3}}})");
    const Check check = guest_files();
    EXPECT_EQ(check.status, Status::ok) << check.text;
    EXPECT_THAT(check.text, HasSubstr("kernel 7.2.13, image debian-12 (ext4, 0 MiB; npm 11.21.2)"));
}

TEST_F(DoctorFiles, AManifestWithoutDetailsIsStillFine) {
    for (const char* const text : {"", "[]", "{}", "null", R"({"kernel":3,"rootfs":[]})",
                                   R"({"kernel":{"version":7},"rootfs":{"runtimes":[]}})"}) {
        write("manifest.json", text);
        const Check check = guest_files();
        EXPECT_EQ(check.status, Status::ok) << text;
        EXPECT_THAT(check.text, HasSubstr("kernel of unknown version"));
    }
}

TEST_F(DoctorFiles, ThePackagedKernelWarns) {
    write("manifest.json", R"({"kernel":{"version":"6.1","kind":"packaged"}})");
    EXPECT_EQ(guest_files().status, Status::warning);
    write("manifest.json", R"({"kernel":{"version":"7.2.13","kind":"built"}})");
    EXPECT_EQ(guest_files().status, Status::ok);
}

TEST_F(DoctorFiles, AMissingOrCutFileFailsAndIsNamed) {
    write("rootfs.ext4", "123");
    EXPECT_EQ(guest_files().status, Status::failure);
    EXPECT_THAT(guest_files().text, HasSubstr("rootfs.ext4 has 3 bytes, its manifest says 5"));
    std::filesystem::remove(folder_.path() / "initramfs.cpio");
    EXPECT_THAT(guest_files().text, HasSubstr("initramfs.cpio: No such file"));
}

TEST_F(DoctorFiles, AMissingManifestFails) {
    const Check check = check_guest_files(config_, images::read_guest_manifest(folder_.path()));
    EXPECT_EQ(check.status, Status::failure);
    EXPECT_THAT(check.text, HasSubstr("manifest.json"));
    EXPECT_THAT(check.text, HasSubstr("HUTCH_GUEST_DIR"));
}

TEST_F(DoctorFiles, ProgramsMustBeThereAndExecutable) {
    write("hutch-jail", "");
    write("hutch-vsock", "");
    ::chmod((folder_.path() / "hutch-jail").c_str(), 0755);
    const Check check = check_programs(config_);
    EXPECT_EQ(check.status, Status::failure);
    EXPECT_THAT(check.text, HasSubstr("hutch-vsock: Permission denied"));
    ::chmod((folder_.path() / "hutch-vsock").c_str(), 0755);
    EXPECT_EQ(check_programs(config_).status, Status::ok);
    std::filesystem::remove(folder_.path() / "hutch-jail");
    EXPECT_EQ(check_programs(config_).status, Status::failure);
}

TEST_F(DoctorFiles, WithoutAWebUiItWarns) {
    EXPECT_EQ(check_webui(config_).status, Status::warning);
    write("index.html", "");
    EXPECT_EQ(check_webui(config_).status, Status::ok);
}

}  // namespace
}  // namespace hutch::doctor
