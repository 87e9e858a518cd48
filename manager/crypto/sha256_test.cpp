#include "manager/crypto/sha256.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "common/testing/temporary_directory.hpp"

namespace hutch::crypto {
namespace {

TEST(Sha256, KnownAnswers) {
    // FIPS 180-2, appendix B
    EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, AFileInPieces) {
    const testing_support::TemporaryDirectory folder;
    const std::string bytes(3'500'000, 'x');
    std::ofstream(folder.path() / "file") << bytes;
    EXPECT_EQ(sha256_hex_of_file(folder.path() / "file").value(), sha256_hex(bytes));
    EXPECT_FALSE(sha256_hex_of_file(folder.path() / "missing"));
    EXPECT_FALSE(sha256_hex_of_file(folder.path()));
}

TEST(Sha256, RecognisesItsOwnText) {
    EXPECT_TRUE(is_sha256_hex(sha256_hex("a")));
    EXPECT_FALSE(is_sha256_hex(""));
    EXPECT_FALSE(is_sha256_hex(std::string(64, 'A')));
    EXPECT_FALSE(is_sha256_hex(std::string(63, 'a')));
    EXPECT_FALSE(is_sha256_hex("../" + std::string(61, 'a')));
}

TEST(EqualInConstantTime, OnlyTheSame) {
    EXPECT_TRUE(equal_in_constant_time("secret", "secret"));
    EXPECT_FALSE(equal_in_constant_time("secret ", "secret"));
    EXPECT_FALSE(equal_in_constant_time("", "secret"));
    EXPECT_FALSE(equal_in_constant_time(std::string("secret\0", 7), "secret"));
}

}  // namespace
}  // namespace hutch::crypto
