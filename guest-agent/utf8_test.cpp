#include "guest-agent/utf8.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hutch::guest_agent {
namespace {

constexpr char replacement[] = "\xEF\xBF\xBD";

std::string json_of(std::string_view bytes) {
    std::string json;
    append_json_string(json, bytes);
    return json;
}

TEST(Utf8, CharacterLength) {
    EXPECT_EQ(utf8_character_length(""), 0U);
    EXPECT_EQ(utf8_character_length("a"), 1U);
    EXPECT_EQ(utf8_character_length("\u00e4x"), 2U);
    EXPECT_EQ(utf8_character_length("\u20ac"), 3U);
    EXPECT_EQ(utf8_character_length("\U0001F600"), 4U);
    EXPECT_EQ(utf8_character_length("\xC0\x80"), 0U) << "overlong";
    EXPECT_EQ(utf8_character_length("\xED\xA0\x80"), 0U) << "surrogate";
    EXPECT_EQ(utf8_character_length("\xF4\x90\x80\x80"), 0U) << "above U+10FFFF";
    EXPECT_EQ(utf8_character_length("\x80"), 0U);
}

TEST(Utf8, UnfinishedTail) {
    EXPECT_EQ(utf8_unfinished_tail(""), 0U);
    EXPECT_EQ(utf8_unfinished_tail("abc"), 0U);
    EXPECT_EQ(utf8_unfinished_tail("ab\u20ac"), 0U);
    EXPECT_EQ(utf8_unfinished_tail("ab\xE2"), 1U);
    EXPECT_EQ(utf8_unfinished_tail("ab\xE2\x82"), 2U);
    EXPECT_EQ(utf8_unfinished_tail("ab\xF0\x9F\x98"), 3U);
    EXPECT_EQ(utf8_unfinished_tail("ab\x80\x80"), 0U) << "never a character";
    EXPECT_EQ(utf8_unfinished_tail("ab\xED\xA0"), 0U) << "a surrogate can't be finished";
}

TEST(Utf8, JsonEscapes) {
    EXPECT_EQ(json_of("a\"b\\c\n\t\r\x01\x1f\x7f"), "\"a\\\"b\\\\c\\n\\t\\r\\u0001\\u001f\\u007f\"");
    EXPECT_EQ(json_of(std::string_view("a\0b", 3)), "\"a\\u0000b\"");
    EXPECT_EQ(json_of("\u00e4\u20ac\U0001F600"), "\"\u00e4\u20ac\U0001F600\"");
}

TEST(Utf8, InvalidBytesAreReplaced) {
    EXPECT_EQ(json_of("a\xFFz"), std::string("\"a") + replacement + "z\"");
    EXPECT_EQ(json_of("\xE2\x82"), std::string("\"") + replacement + "\"");
    EXPECT_EQ(json_of("\xE2\x82x"), std::string("\"") + replacement + "x\"");
    EXPECT_EQ(json_of("\xC0\x80"), std::string("\"") + replacement + replacement + "\"");
}

TEST(Utf8, AnyBytesMakeValidJson) {
    std::string all;
    for (int first = 0; first < 256; ++first)
        for (int second = 0; second < 256; ++second)
            all += {static_cast<char>(first), static_cast<char>(second)};
    EXPECT_TRUE(nlohmann::json::accept(json_of(all)));
}

}  // namespace
}  // namespace hutch::guest_agent
