#include "manager/doctor/storage_checks.hpp"

#include <cstdint>
#include <fstream>
#include <limits>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/testing/temporary_directory.hpp"
#include "manager/doctor/scratch_folder.hpp"

namespace hutch::doctor {
namespace {

using ::testing::HasSubstr;
using testing_support::TemporaryDirectory;

class DoctorStorage : public ::testing::Test {
protected:
    void SetUp() override {
        config_.data_dir = folder_.path() / "data";
        config_.default_disk_mib = 256;
    }
    TemporaryDirectory folder_;
    config::Config config_;
};

TEST_F(DoctorStorage, AScratchFolderLeavesNothing) {
    std::optional<std::filesystem::path> path;
    {
        const auto scratch = ScratchFolder::create(folder_.path());
        ASSERT_TRUE(scratch) << scratch.error().message;
        path = scratch->path();
        std::ofstream(*path / "file") << "x";
        EXPECT_TRUE(std::filesystem::exists(*path / "file"));
    }
    EXPECT_FALSE(std::filesystem::exists(*path));
    EXPECT_FALSE(ScratchFolder::create(folder_.path() / "nowhere"));
}

TEST_F(DoctorStorage, TheNearestFolderAboveIsFound) {
    EXPECT_EQ(nearest_existing(folder_.path() / "a/b/c"), folder_.path());
    EXPECT_EQ(nearest_existing(folder_.path()), folder_.path());
    EXPECT_EQ(nearest_existing("/nonexistent-folder/a"), "/");
}

TEST_F(DoctorStorage, SaysWhetherTheDataFolderIsThere) {
    const auto above = ScratchFolder::create(nearest_existing(config_.data_dir));
    ASSERT_TRUE(above);
    const Check missing = check_data_folder(config_, above->path());
    EXPECT_EQ(missing.status, Status::ok) << missing.text;
    EXPECT_THAT(missing.text, HasSubstr("not there yet"));
    EXPECT_FALSE(std::filesystem::exists(config_.data_dir)) << "looking must not make it";

    std::filesystem::create_directory(config_.data_dir);
    const auto inside = ScratchFolder::create(nearest_existing(config_.data_dir));
    ASSERT_TRUE(inside);
    EXPECT_THAT(check_data_folder(config_, inside->path()).text,
                HasSubstr(config_.data_dir.string() + ", writable"));
}

TEST_F(DoctorStorage, AnOverlayDiskIsReallyMade) {
    const Check check = check_overlay_disks(config_, folder_.path());
    EXPECT_NE(check.status, Status::failure) << check.text;
    EXPECT_THAT(check.text, HasSubstr("one of 256 MiB was formatted"));
    EXPECT_EQ(std::filesystem::file_size(folder_.path() / "overlay"), 256U << 20);
}

TEST_F(DoctorStorage, AnOverlayDiskThatCannotBeMadeFails) {
    const Check check = check_overlay_disks(config_, "/proc/nowhere");
    EXPECT_EQ(check.status, Status::failure);
    EXPECT_THAT(check.text, HasSubstr("could not be made"));
}

TEST_F(DoctorStorage, AnImageLargerThanTheDiskFails) {
    EXPECT_NE(check_free_disk(folder_.path(), 0).status, Status::failure);
    const Check check = check_free_disk(folder_.path(), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(check.status, Status::failure);
    EXPECT_THAT(check.text, HasSubstr("guest's files"));
}

}  // namespace
}  // namespace hutch::doctor
