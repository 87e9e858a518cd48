// create_request and exec_request: what is accepted, and that each refusal names its field.

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "manager/api/create_request.hpp"
#include "manager/api/exec_request.hpp"

namespace hutch::api {
namespace {

using nlohmann::json;

const CreateLimits limits{2, 128, 8192, 100'000};

json create_body() {
    return {{"cpu", 1}, {"memMb", 128}, {"allowIps", json::array()}};
}

Result<vm::CreateRequest> create_with(const std::string& field, const json& value) {
    json body = create_body();
    body[field] = value;
    return parse_create_request(body.dump(), limits);
}

template <class T>
void expect_refused(const Result<T>& result, ErrorKind kind, const std::string& named,
                    const std::string& given) {
    ASSERT_FALSE(result) << named << " " << given;
    EXPECT_EQ(result.error().kind, kind) << named << " " << given << ": " << result.error().message;
    EXPECT_NE(result.error().message.find(named), std::string::npos)
        << given << ": " << result.error().message;
}

TEST(CreateRequest, TheLeastAndTheMost) {
    const auto least = parse_create_request(create_body().dump(), limits).value();
    EXPECT_EQ(least.cpu, 1);
    EXPECT_EQ(least.memory_mib, 128);
    EXPECT_EQ(least.disk_mib, 0);
    EXPECT_FALSE(least.image_id);
    EXPECT_FALSE(least.outbound_internet);

    const auto id = store::ImageId::generate();
    const json body = {{"cpu", 2},
                       {"memMb", 8192},
                       {"allowIps", {"10.0.0.0/8", "*.example.org:443"}},
                       {"outboundInternet", true},
                       {"imageId", id.text()},
                       {"diskSizeMb", 2048},
                       {"name", "näme"},
                       {"labels", {{"team", "a"}}},
                       {"profile", "strict"},
                       {"unknown", {{"is", "ignored"}}}};
    const auto most = parse_create_request(body.dump(), limits).value();
    EXPECT_EQ(most.cpu, 2);
    EXPECT_EQ(most.memory_mib, 8192);
    EXPECT_EQ(most.allow_ips, (std::vector<std::string>{"10.0.0.0/8", "*.example.org:443"}));
    EXPECT_TRUE(most.outbound_internet);
    EXPECT_EQ(most.image_id, id);
    EXPECT_EQ(most.disk_mib, 2048);
    EXPECT_EQ(most.name, "näme");
    EXPECT_EQ(most.labels.at("team"), "a");
}

TEST(CreateRequest, WhatIsMissingIsNamed) {
    for (const char* field : {"cpu", "memMb", "allowIps"}) {
        json body = create_body();
        body.erase(field);
        expect_refused(parse_create_request(body.dump(), limits), ErrorKind::invalid_argument, field,
                       "missing");
        expect_refused(create_with(field, nullptr), ErrorKind::invalid_argument, field, "null");
    }
}

TEST(CreateRequest, WrongTypesAndRangesAreNamed) {
    const auto refuse = [](const char* field, std::initializer_list<json> values) {
        for (const json& value : values)
            expect_refused(create_with(field, value), ErrorKind::invalid_argument, field, value.dump());
    };
    refuse("cpu", {0, -1, 9, 1.0, 1.5, "1", true, json::array(), json::object(), 9223372036854775808ULL,
                   18446744073709551615ULL, INT64_MIN, 1e300});
    refuse("memMb", {0, 127, 8193, -128, 128.0, "128", 9223372036854775808ULL});
    refuse("allowIps", {"10.0.0.1",
                        json::object(),
                        1,
                        {1},
                        {nullptr},
                        {"10.0.0.300"},
                        {"ok.example", "not ok"},
                        {""},
                        std::vector<std::string>(1025, "a.b")});
    refuse("outboundInternet", {"true", 1, 0, json::array()});
    refuse("imageId", {"", "debian", "img-short", "vm-aaaaaaaaaaaaaaaaaaaa", "img-../../../../../etc/", 7});
    refuse("diskSizeMb", {0, 63, -5, 100'001, 1.5, "2048"});
    refuse("name", {1, std::string(129, 'a'), "a\nb", std::string("a\0b", 3), json::array()});
    refuse("labels", {1,
                      "a",
                      json::array(),
                      {{"a", 1}},
                      {{"a", nullptr}},
                      {{"a", "b\n"}},
                      {{std::string(64, 'a'), "b"}},
                      {{"a", std::string(257, 'b')}}});
    refuse("profile", {"Strict", "root", 1});
    expect_refused(create_with("cpu", 3), ErrorKind::invalid_argument, "at most 2", "3");
}

TEST(CreateRequest, FieldsThatAreNotAvailableAreNamedWhenTheyAskForSomething) {
    const auto check = [](const char* field, std::initializer_list<json> asking) {
        for (const json& value : asking)
            expect_refused(create_with(field, value), ErrorKind::not_implemented, field, value.dump());
        for (const json& value : {json(nullptr), json(false), json(""), json::array(), json::object()}) {
            EXPECT_TRUE(create_with(field, value)) << field << " " << value;
        }
    };
    check("userOverlaySnapshotId", {"snap-aaaaaaaaaaaaaaaaaaaa", 1});
    check("snapshotId", {"snap-aaaaaaaaaaaaaaaaaaaa"});
    check("secretEnv", {{"A=b"}, {{"A", "b"}}, true});
    check("peerLinks", {{{{"alias", "db"}}}});
    check("ttlSeconds", {1, 0, 3600});
    check("idleTimeoutSeconds", {60});
    expect_refused(create_with("profile", "open"), ErrorKind::not_implemented, "profile", "open");
}

Result<vm::ExecRequest> exec_with(const std::string& field, const json& value) {
    json body = {{"cmd", "true"}};
    body[field] = value;
    return parse_exec_request(body.dump(), 600'000);
}

TEST(ExecRequest, TheLeastAndTheMost) {
    const auto least = parse_exec_request(R"({"cmd":"true"})", 600'000).value();
    EXPECT_EQ(least.command, "true");
    EXPECT_EQ(least.working_directory, "");
    EXPECT_EQ(least.timeout_ms, 30'000);
    EXPECT_EQ(parse_exec_request(R"({"cmd":"true"})", 5'000)->timeout_ms, 5'000)
        << "the default is within the maximum";

    const json body = {{"cmd", "cat"},
                       {"cwd", "sub/folder"},
                       {"env", {{"A", "b\nc"}, {"_x1", ""}}},
                       {"stdin", std::string("a\0b", 3)},
                       {"timeoutMs", 600'000}};
    const auto most = parse_exec_request(body.dump(), 600'000).value();
    EXPECT_EQ(most.working_directory, "sub/folder");
    EXPECT_EQ(most.environment.at("A"), "b\nc");
    EXPECT_EQ(most.environment.at("_x1"), "");
    EXPECT_EQ(most.standard_input, std::string("a\0b", 3));
    EXPECT_EQ(most.timeout_ms, 600'000);
    const std::string large(1'000'000, 'x');
    EXPECT_EQ(exec_with("cmd", large)->command, large);
}

TEST(ExecRequest, WrongTypesAndRangesAreNamed) {
    const auto refuse = [](const char* field, std::initializer_list<json> values) {
        for (const json& value : values)
            expect_refused(exec_with(field, value), ErrorKind::invalid_argument, field, value.dump());
    };
    refuse("cmd", {nullptr, "", 1, {"ls"}, std::string("a\0b", 3)});
    refuse("cwd", {"", 1, std::string("/workspace\0/x", 13), std::string(4097, 'a')});
    refuse("env", {{"A=b"},
                   "A=b",
                   1,
                   {{"A", 1}},
                   {{"A", nullptr}},
                   {{"A-B", "c"}},
                   {{"1A", "c"}},
                   {{"", "c"}},
                   {{"A=B", "c"}},
                   {{"A", std::string("b\0", 2)}}});
    refuse("stdin", {1, json::array()});
    refuse("timeoutMs", {0, -1, 600'001, 1.5, "100", 1e300, 9223372036854775808ULL});
}

TEST(ExecRequest, FieldsThatAreNotAvailableAreNamed) {
    expect_refused(exec_with("background", true), ErrorKind::not_implemented, "background", "true");
    expect_refused(exec_with("user", "root"), ErrorKind::not_implemented, "user", "root");
    EXPECT_TRUE(exec_with("background", false));
    EXPECT_TRUE(exec_with("user", nullptr));
    EXPECT_TRUE(exec_with("user", ""));
}

}  // namespace
}  // namespace hutch::api
