#include "manager/api/json_body.hpp"

#include <gtest/gtest.h>

namespace hutch::api {
namespace {

using std::string_literals::operator""s;

TEST(JsonBody, ReadsAnObject) {
    const auto body =
        parse_json_body(R"( {"a": [1, -2, 3.5, true, null, {"b": "ä\u0000\ud83d\ude00"}], "": {}} )").value();
    EXPECT_EQ(body["a"][5]["b"], "ä\0😀"s);
    EXPECT_EQ(body["a"][1], -2);
    EXPECT_EQ(body[""], nlohmann::json::object());
}

TEST(JsonBody, RefusesWhatIsNoJsonObject) {
    for (const std::string& text : {""s,
                                    " "s,
                                    "null"s,
                                    "[]"s,
                                    "1"s,
                                    "\"a\""s,
                                    "true"s,
                                    "{"s,
                                    "{}}"s,
                                    "{} {}"s,
                                    "{\"a\":1,}"s,
                                    "{'a':1}"s,
                                    "{a:1}"s,
                                    "{\"a\":NaN}"s,
                                    "{\"a\":Infinity}"s,
                                    "{\"a\":01}"s,
                                    "{\"a\":\"\n\"}"s,
                                    "{\"a\":\"\xff\"}"s,
                                    "{\"a\":\"\xc0\x80\"}"s,
                                    "{\"a\":\"\xed\xa0\x80\"}"s,
                                    "{\"a\":\"\\ud800\"}"s,
                                    "{\"a\":1}\0"s,
                                    "// c\n{}"s,
                                    "a=b"s,
                                    "<a/>"s}) {
        const auto body = parse_json_body(text);
        ASSERT_FALSE(body) << text;
        EXPECT_EQ(body.error().kind, ErrorKind::invalid_argument);
        EXPECT_EQ(body.error().code, "invalid_json") << text;
    }
}

TEST(JsonBody, NamesTheFieldOfANumberThatIsTooLarge) {
    const auto body = parse_json_body(R"({"ok":1,"memMb":1e309})");
    ASSERT_FALSE(body);
    EXPECT_EQ(body.error().code, "invalid_field");
    EXPECT_EQ(body.error().message.find("memMb "), 0U);
}

TEST(JsonBody, RefusesANameGivenTwice) {
    for (const char* text :
         {R"({"cpu":1,"cpu":2})", R"({"env":{"cpu":"a","cpu":"b"}})", R"({"a":[{"cpu":1,"\u0063pu":1}]})"}) {
        const auto body = parse_json_body(text);
        ASSERT_FALSE(body) << text;
        EXPECT_EQ(body.error().message, "cpu is given twice");
    }
    EXPECT_TRUE(parse_json_body(R"({"a":{"x":1},"b":{"x":1},"c":[{"x":1},{"x":1}]})"));
}

TEST(JsonBody, RefusesDeepNesting) {
    const auto nested = [](int depth) {
        return "{\"a\":" + std::string(std::size_t(depth - 1), '[') +
               std::string(std::size_t(depth - 1), ']') + "}";
    };
    EXPECT_TRUE(parse_json_body(nested(max_json_depth)));
    EXPECT_FALSE(parse_json_body(nested(max_json_depth + 1)));
    EXPECT_FALSE(parse_json_body("{\"a\":" + std::string(5'000'000, '[')));
    std::string objects;
    for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
    EXPECT_FALSE(parse_json_body(objects));
}

}  // namespace
}  // namespace hutch::api
