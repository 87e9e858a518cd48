#include "manager/doctor/doctor.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "common/testing/temporary_directory.hpp"

namespace hutch::doctor {
namespace {

using ::testing::HasSubstr;

/// A host with everything but a kernel that boots: its place is taken by `kernel`.
class Doctor : public ::testing::Test {
protected:
    void SetUp() override {
        config_.listen_host = "127.0.0.1";
        config_.data_dir = folder_.path() / "data";
        config_.guest_dir = folder_.path() / "guest";
        config_.webui_dir = folder_.path() / "webui";
        config_.libexec_dir = HUTCH_LIBEXEC;
        config_.driver = "auto";
        config_.default_disk_mib = 256;
        std::filesystem::create_directory(config_.guest_dir);
    }
    /// A guest folder whose manifest has hashes that nobody looks at here.
    void install_kernel(const std::filesystem::path& kernel) const {
        const std::string digest(64, '0');
        const auto part = [&](const std::string& file, std::uintmax_t bytes, const std::string& more) {
            return R"({"file":")" + file + R"(","sha256":")" + digest + R"(","sizeBytes":)" +
                   std::to_string(bytes) + more + "}";
        };
        std::filesystem::copy_file(kernel, config_.guest_dir / "kernel");
        std::ofstream(config_.guest_dir / "initramfs") << "x";
        std::ofstream(config_.guest_dir / "rootfs") << "x";
        std::ofstream(config_.guest_dir / "manifest.json")
            << R"({"kernel":)" + part("kernel", std::filesystem::file_size(kernel), "") + R"(,"initramfs":)" +
                   part("initramfs", 1, "") + R"(,"rootfs":)" +
                   part("rootfs", 1, R"(,"name":"n","description":"d","format":"ext4")") + "}";
    }
    static Check find(const Report& report, const std::string& name) {
        const auto found = std::find_if(report.checks.begin(), report.checks.end(),
                                        [&](const Check& check) { return check.name == name; });
        if (found != report.checks.end()) return *found;
        ADD_FAILURE() << "no check " << name;
        return {};
    }

    testing_support::TemporaryDirectory folder_;
    config::Config config_;
};

TEST_F(Doctor, WithoutAGuestKernelThereIsNoDriver) {
    const Report report = examine(config_);
    EXPECT_FALSE(report.driver);
    EXPECT_FALSE(healthy(report));
    EXPECT_EQ(find(report, "guest files").status, Status::failure);
    EXPECT_EQ(find(report, "user-mode Linux").status, Status::failure);
    EXPECT_THAT(find(report, "user-mode Linux").text, HasSubstr("no guest kernel"));
    EXPECT_THAT(report.driver.error().message, HasSubstr("no guest kernel"));
}

TEST_F(Doctor, AKernelThatDoesNotBootIsToldFromAJailThatCannotBeBuilt) {
    install_kernel(HUTCH_STAND_IN_KERNEL);  // a program that ends at once
    const Report ended = examine(config_);
    const Check jail = find(ended, "jail");
    if (jail.status != Status::ok) GTEST_SKIP() << "this host builds no jails: " << jail.text;
    EXPECT_EQ(find(ended, "user-mode Linux").status, Status::failure);
    EXPECT_THAT(find(ended, "user-mode Linux").text, HasSubstr("did not boot"));
    EXPECT_FALSE(healthy(ended));

    config_.libexec_dir = folder_.path();
    const Report no_jail = examine(config_);
    EXPECT_EQ(find(no_jail, "programs").status, Status::failure);
    EXPECT_EQ(find(no_jail, "jail").status, Status::failure);
    EXPECT_THAT(find(no_jail, "user-mode Linux").text, HasSubstr("no jail"));
}

TEST_F(Doctor, LeavesNothingBehindAndMakesNoDataFolder) {
    install_kernel(HUTCH_STAND_IN_KERNEL);
    const Report report = examine(config_);
    EXPECT_FALSE(report.checks.empty());
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
        names.insert(entry.path().filename());
    EXPECT_EQ(names, std::set<std::string>{"guest"});
}

TEST_F(Doctor, EveryCheckHasANameOfItsOwnAndAText) {
    const Report report = examine(config_);
    std::set<std::string> names;
    for (const Check& check : report.checks) {
        EXPECT_TRUE(names.insert(check.name).second) << check.name;
        EXPECT_FALSE(check.text.empty()) << check.name;
    }
    for (const char* const name : {"host kernel", "KVM", "user-mode Linux", "host cgroup limits", "seccomp"})
        EXPECT_TRUE(names.contains(name)) << name;
}

}  // namespace
}  // namespace hutch::doctor
