#include "manager/images/blob_store.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "common/sys/file.hpp"
#include "common/testing/temporary_directory.hpp"
#include "manager/crypto/sha256.hpp"

namespace hutch::images {
namespace {

class BlobStoreTest : public testing::Test {
protected:
    std::filesystem::path file(const std::string& name, const std::string& bytes) {
        std::ofstream(folder_.path() / name) << bytes;
        return folder_.path() / name;
    }
    [[nodiscard]] bool incoming_is_empty() const {
        return std::filesystem::is_empty(folder_.path() / "images/incoming");
    }

    testing_support::TemporaryDirectory folder_;
    BlobStore blobs_ = BlobStore::open(folder_.path() / "images").value();
};

TEST_F(BlobStoreTest, KeepsAFileReadOnlyUnderItsDigest) {
    const auto source = file("a", "abc");
    const std::string digest = crypto::sha256_hex("abc");
    EXPECT_FALSE(blobs_.contains(digest));
    ASSERT_TRUE(blobs_.put(source, digest));
    EXPECT_TRUE(blobs_.contains(digest));
    EXPECT_EQ(sys::read_file(blobs_.path(digest), 100).value(), "abc");
    struct stat status {};
    ASSERT_EQ(::stat(blobs_.path(digest).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0555U);
    EXPECT_TRUE(incoming_is_empty());
    std::filesystem::remove(source);
    EXPECT_TRUE(blobs_.put(source, digest)) << "it is there already, so the source is not needed";
}

TEST_F(BlobStoreTest, FollowsALinkToTheSource) {
    const auto source = file("a", "abc");
    std::filesystem::create_symlink(source, folder_.path() / "link");
    const std::string digest = crypto::sha256_hex("abc");
    ASSERT_TRUE(blobs_.put(folder_.path() / "link", digest));
    EXPECT_TRUE(blobs_.contains(digest));
}

TEST_F(BlobStoreTest, RefusesADamagedFile) {
    const auto source = file("rootfs.ext4", "damaged");
    const std::string digest = crypto::sha256_hex("whole");
    const auto done = blobs_.put(source, digest);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, "damaged_file");
    EXPECT_NE(done.error().message.find("rootfs.ext4"), std::string::npos);
    EXPECT_FALSE(blobs_.contains(digest));
    EXPECT_TRUE(incoming_is_empty());
    EXPECT_TRUE(std::filesystem::exists(source));
}

TEST_F(BlobStoreTest, RefusesAMissingFileAndADigestThatIsNone) {
    EXPECT_FALSE(blobs_.put(folder_.path() / "missing", crypto::sha256_hex("x")));
    EXPECT_EQ(blobs_.put(file("a", "abc"), "../../etc/passwd").error().code, "invalid_digest");
    EXPECT_FALSE(blobs_.contains("../incoming"));
}

TEST_F(BlobStoreTest, OpeningClearsWhatAnInterruptedPutLeft) {
    std::ofstream(folder_.path() / "images/incoming/half") << "half";
    ASSERT_TRUE(blobs_.put(file("a", "abc"), crypto::sha256_hex("abc")));
    const auto again = BlobStore::open(folder_.path() / "images");
    ASSERT_TRUE(again);
    EXPECT_TRUE(incoming_is_empty());
    EXPECT_TRUE(again->contains(crypto::sha256_hex("abc")));
}

TEST_F(BlobStoreTest, AnotherFilesystemMeansACopy) {
    const std::string digest = crypto::sha256_hex("elsewhere");
    const std::filesystem::path source = "/dev/shm/hutch-blob-test-" + std::to_string(::getpid());
    std::ofstream(source) << "elsewhere";
    const auto done = blobs_.put(source, digest);
    std::filesystem::remove(source);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(sys::read_file(blobs_.path(digest), 100).value(), "elsewhere");
}

}  // namespace
}  // namespace hutch::images
