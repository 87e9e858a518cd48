#include "manager/images/images.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/sys/file.hpp"
#include "common/testing/temporary_directory.hpp"
#include "manager/crypto/sha256.hpp"

namespace hutch::images {
namespace {

using nlohmann::json;

class ImagesTest : public testing::Test {
protected:
    std::filesystem::path guest_folder(const std::string& name, const std::string& rootfs) {
        const auto guest = folder_.path() / name;
        std::filesystem::create_directory(guest);
        const auto artifact = [&](const char* file, const std::string& bytes) {
            std::ofstream(guest / file) << bytes;
            return json{{"file", file}, {"sha256", crypto::sha256_hex(bytes)}, {"sizeBytes", bytes.size()}};
        };
        json manifest{{"kernel", artifact("kernel", "kernel of " + name)},
                      {"initramfs", artifact("initramfs.cpio", "initramfs of " + name)},
                      {"rootfs", artifact("rootfs.ext4", rootfs)}};
        manifest["rootfs"].update({{"name", name}, {"description", "for a test"}, {"format", "ext4"}});
        std::ofstream(guest / "manifest.json") << manifest;
        return guest;
    }
    void restart() {
        images_.reset();
        store_.reset();
        store_ = store::Store::open(folder_.path() / "hutch.db").value();
        images_ = Images::open(*store_, folder_.path() / "images").value();
    }

    testing_support::TemporaryDirectory folder_;
    std::unique_ptr<store::Store> store_ = store::Store::open(folder_.path() / "hutch.db").value();
    std::unique_ptr<Images> images_ = Images::open(*store_, folder_.path() / "images").value();
};

TEST_F(ImagesTest, InstallsTheGuestFolderAsTheDefaultImage) {
    const auto guest = guest_folder("debian", "rootfs bytes");
    ASSERT_TRUE(images_->install(guest));
    const auto image = store_->default_image().value();
    EXPECT_EQ(image.name, "debian");
    EXPECT_EQ(image.rootfs_digest, crypto::sha256_hex("rootfs bytes"));
    EXPECT_EQ(image.rootfs_bytes, 12);
    EXPECT_EQ(image.rootfs_filename, "rootfs.ext4");
    EXPECT_TRUE(image.rootfs_complete);
    EXPECT_EQ(sys::read_file(images_->blob_path(image.rootfs_digest), 100).value(), "rootfs bytes");
    const auto& boot = images_->boot_artifacts();
    EXPECT_EQ(sys::read_file(images_->blob_path(boot.kernel_digest), 100).value(), "kernel of debian");
    EXPECT_EQ(sys::read_file(images_->blob_path(boot.initramfs_digest), 100).value(), "initramfs of debian");
}

TEST_F(ImagesTest, ASecondStartAddsNothingAndKeepsTheOperatorsDefault) {
    ASSERT_TRUE(images_->install(guest_folder("one", "first")));
    const auto first = store_->default_image().value();
    ASSERT_TRUE(images_->install(guest_folder("two", "second")));
    EXPECT_EQ(store_->default_image().value().name, "two") << "a new digest becomes the default";
    ASSERT_TRUE(store_->set_default_image(first.id));
    restart();
    ASSERT_TRUE(images_->install(folder_.path() / "two"));
    EXPECT_EQ(store_->images().value().size(), 2U);
    EXPECT_EQ(store_->default_image().value().id, first.id);
    EXPECT_NE(images_->boot_artifacts().kernel_digest, "");
}

TEST_F(ImagesTest, ADamagedFileIsAClearErrorAndMendedLater) {
    const auto guest = guest_folder("debian", "rootfs bytes");
    std::ofstream(guest / "rootfs.ext4") << "other bytes!";
    const auto failed = images_->install(guest);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, "damaged_file");
    EXPECT_FALSE(store_->default_image().value().rootfs_complete);
    EXPECT_EQ(images_->boot_artifacts().kernel_digest, "");

    std::ofstream(guest / "rootfs.ext4") << "rootfs bytes";
    restart();
    ASSERT_TRUE(images_->install(guest));
    EXPECT_EQ(store_->images().value().size(), 1U) << "the incomplete row is completed, not doubled";
    EXPECT_TRUE(store_->default_image().value().rootfs_complete);
}

TEST_F(ImagesTest, ABlobThatWentMissingIsPutBack) {
    const auto guest = guest_folder("debian", "rootfs bytes");
    ASSERT_TRUE(images_->install(guest));
    const auto path = images_->blob_path(crypto::sha256_hex("rootfs bytes"));
    std::filesystem::remove(path);
    restart();
    ASSERT_TRUE(images_->install(guest));
    EXPECT_TRUE(std::filesystem::exists(path));
    EXPECT_EQ(store_->images().value().size(), 1U);
}

}  // namespace
}  // namespace hutch::images
