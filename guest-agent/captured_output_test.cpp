#include "guest-agent/captured_output.hpp"

#include <gtest/gtest.h>

namespace hutch::guest_agent {
namespace {

TEST(CapturedOutput, KeepsUpToTheLimit) {
    CapturedOutput output(5);
    output.append("abc");
    output.append("de");
    EXPECT_EQ(output.text(), "abcde");
    EXPECT_FALSE(output.truncated());
}

TEST(CapturedOutput, FlagsTheCut) {
    CapturedOutput output(5);
    output.append("abcd");
    output.append("efg");
    output.append("hij");
    EXPECT_EQ(output.text(), "abcde");
    EXPECT_TRUE(output.truncated());
}

TEST(CapturedOutput, NeverCutsInsideACharacter) {
    CapturedOutput output(4);
    output.append("ab\u20ac");
    EXPECT_EQ(output.text(), "ab");
    EXPECT_TRUE(output.truncated());
}

TEST(CapturedOutput, KeepsAnUnfinishedCharacterThatWasAll) {
    CapturedOutput output(4);
    output.append("ab\xE2\x82");
    EXPECT_EQ(output.text(), "ab\xE2\x82");
    EXPECT_FALSE(output.truncated());
}

}  // namespace
}  // namespace hutch::guest_agent
