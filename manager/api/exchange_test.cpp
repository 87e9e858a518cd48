#include "manager/api/exchange.hpp"

#include <gtest/gtest.h>

namespace hutch::api {
namespace {

using Segments = std::vector<std::string>;

Request target(const std::string& text) {
    Request request;
    parse_target(text, request);
    return request;
}

TEST(ParseTarget, DecodesPiecesAfterSplitting) {
    EXPECT_EQ(target("/v1/vms").segments, (Segments{"v1", "vms"}));
    EXPECT_EQ(target("/v1/vms/a%2Fb").segments, (Segments{"v1", "vms", "a/b"}));
    EXPECT_EQ(target("/v1/vms/%2e%2e/x").segments, (Segments{"v1", "vms", "..", "x"}));
    EXPECT_EQ(target("/v1/vms/%00").segments[2], std::string(1, '\0'));
    EXPECT_EQ(target("/a%zz%4/%").segments, (Segments{"a%zz%4", "%"}));
    EXPECT_EQ(target("/a+b").segments, (Segments{"a+b"}));
    EXPECT_EQ(target("/").segments, (Segments{""}));
    EXPECT_EQ(target("//v1").segments, (Segments{"", "v1"}));
    EXPECT_EQ(target("/v1/").segments, (Segments{"v1", ""}));
}

TEST(ParseTarget, ReadsTheQuery) {
    const Request request = target("/v1/vms?label=a%3Db&label=c+d&limit&=x&&cursor=a?b");
    EXPECT_EQ(request.segments, (Segments{"v1", "vms"}));
    EXPECT_EQ(request.query.count("label"), 2U);
    EXPECT_EQ(request.query.find("label")->second, "a=b");
    EXPECT_EQ(std::next(request.query.find("label"))->second, "c d");
    EXPECT_EQ(request.query.find("limit")->second, "");
    EXPECT_EQ(request.query.find("cursor")->second, "a?b");
}

TEST(Cookie, IsFoundAmongOthers) {
    Request request;
    request.headers.emplace("cookie", "a=b; hutch_session=token ;x_hutch_session=no");
    EXPECT_EQ(request.cookie("hutch_session"), "token");
    EXPECT_EQ(request.cookie("a"), "b");
    EXPECT_EQ(request.cookie("session"), "");
}

TEST(JsonResponse, ReplacesWhatIsNotUtf8) {
    EXPECT_EQ(json_response(200, {{"a",
                                   "b\xff"
                                   "c"}})
                  .body,
              "{\"a\":\"b\xef\xbf\xbd"
              "c\"}");
}

}  // namespace
}  // namespace hutch::api
