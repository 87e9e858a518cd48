#include "common/sys/random.hpp"

#include <gtest/gtest.h>

namespace hutch::sys {
namespace {

TEST(Random, HexHasTwoDigitsForEachByteAndDiffersEachTime) {
    const std::string text = random_hex(32);
    EXPECT_EQ(text.size(), 64U);
    EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_NE(text, random_hex(32));
    EXPECT_EQ(random_hex(0), "");
}

}  // namespace
}  // namespace hutch::sys
