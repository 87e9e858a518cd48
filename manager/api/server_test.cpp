// The whole API over loopback HTTP, with VMs that have no guests.

#include "manager/api/server.hpp"

#include <fstream>
#include <latch>
#include <thread>

#include <gtest/gtest.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "common/testing/temporary_directory.hpp"
#include "manager/api/openapi.hpp"
#include "manager/api/routes.hpp"
#include "manager/api/testing/fake_vm_service.hpp"

namespace hutch::api {
namespace {

using nlohmann::json;
using Headers = httplib::Headers;

class ApiTest : public testing::Test {
protected:
    explicit ApiTest(std::map<std::string, std::string> settings = {}) {
        settings.insert({{"HOME", "/nowhere"},
                         {"HUTCH_API_KEY", key_},
                         {"HUTCH_ADMIN_EMAIL", "admin@example.org"},
                         {"HUTCH_ADMIN_PASSWORD", "the-password"},
                         {"HUTCH_WEBUI_DIR", (folder_.path() / "webui").string()}});
        std::filesystem::create_directory(folder_.path() / "webui");
        std::ofstream(folder_.path() / "webui/index.html") << "<!doctype html>";
        config_ = config::load({std::nullopt, settings, "/nowhere/bin"}).value();
        auth::AuthOptions options;
        options.api_key = config_.api_key;
        options.admin_email = config_.admin_email;
        options.admin_password = config_.admin_password;
        options.failed_logins_per_minute = config_.rate_limit_login;
        auth_ = std::make_unique<auth::Auth>(options);
        store::ImageRecord image;
        image.id = store::ImageId::generate();
        image.name = "debian-12";
        image.is_default = true;
        image.rootfs_digest = std::string(64, 'a');
        image.rootfs_bytes = 4096;
        image.rootfs_format = "ext4";
        image.rootfs_complete = true;
        image_ = store_->insert_image(image).value().id;
        server_ = Server::create({vms_, *images_, *auth_, config_, 2}).value();
        EXPECT_TRUE(server_->listen("127.0.0.1", 0));
        thread_ = std::thread([this] { server_->serve(); });
    }
    ~ApiTest() override { end(); }
    /// Ends the server; every call is over then.
    void end() {
        if (!thread_.joinable()) return;
        server_->stop();
        thread_.join();
    }

    [[nodiscard]] httplib::Client client() const { return httplib::Client("127.0.0.1", server_->port()); }
    httplib::Result call(const std::string& method, const std::string& path, const std::string& body = "",
                         Headers headers = {}) const {
        if (headers.empty()) headers = {{"X-API-Key", key_}};
        httplib::Request request;
        request.method = method;
        request.path = path;
        request.headers = std::move(headers);
        request.body = body;
        httplib::Client http = client();
        http.set_url_encode(false);
        return http.send(request);
    }
    void expect_error(const httplib::Result& answer, int status, const std::string& code,
                      const std::string& word = "") const {
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, status) << answer->body;
        const json body = json::parse(answer->body, nullptr, false);
        ASSERT_TRUE(body.is_object()) << answer->body;
        EXPECT_EQ(body.value("code", ""), code) << answer->body;
        EXPECT_FALSE(body.value("message", "").empty());
        EXPECT_NE(body.value("message", "").find(word), std::string::npos) << answer->body;
    }
    json create(const json& more = json::object()) const {
        json body = {{"cpu", 1}, {"memMb", 128}, {"allowIps", json::array()}};
        body.update(more);
        const auto answer = call("POST", "/v1/vms", body.dump());
        EXPECT_EQ(answer->status, 201) << answer->body;
        return json::parse(answer->body);
    }
    /// The cookie "hutch_session=…" of a sign-in.
    static std::string cookie_of(const httplib::Result& answer) {
        const std::string header = answer->get_header_value("Set-Cookie");
        return header.substr(0, header.find(';'));
    }

    const std::string key_ = "the-key-of-this-test";
    hutch::testing_support::TemporaryDirectory folder_;
    config::Config config_;
    std::unique_ptr<store::Store> store_ = store::Store::open(folder_.path() / "hutch.db").value();
    std::unique_ptr<images::Images> images_ =
        images::Images::open(*store_, folder_.path() / "images").value();
    std::unique_ptr<auth::Auth> auth_;
    testing_support::FakeVmService vms_;
    store::ImageId image_;
    std::unique_ptr<Server> server_;
    std::thread thread_;
};

TEST_F(ApiTest, CreateShowListExecDelete) {
    const json vm = create({{"name", "first"}, {"labels", {{"team", "a"}}}});
    const std::string id = vm["id"];
    EXPECT_TRUE(store::VmId::parse(id));
    EXPECT_EQ(vm["state"], "RUNNING");
    EXPECT_EQ(vm["cpu"], 1);
    EXPECT_EQ(vm["memMb"], 128);
    EXPECT_EQ(vm["diskSizeMb"], 10240);
    EXPECT_EQ(vm["guestIp"], "172.16.0.2");
    EXPECT_EQ(vm["outboundInternet"], false);
    EXPECT_EQ(vm["provisionMode"], "boot");
    EXPECT_EQ(vm["name"], "first");
    EXPECT_EQ(vm["labels"]["team"], "a");
    EXPECT_EQ(vm["driver"], "fake");
    EXPECT_EQ(vm["error"], nullptr);
    EXPECT_EQ(vm["expiresAt"], nullptr);
    EXPECT_EQ(vm["bootId"], "boot-1");
    EXPECT_EQ(vm["bootTimeline"], json::parse(R"([{"step":"guest init started","atMs":12.346}])"));
    EXPECT_EQ(vm["warnings"], json::array());
    json shown = json::parse(call("GET", "/v1/vms/" + id)->body);
    json expected = vm;
    expected.erase("warnings");
    EXPECT_EQ(shown, expected);
    EXPECT_EQ(json::parse(call("GET", "/v1/vms")->body), json::array({expected}));

    const auto executed = call("POST", "/v1/vms/" + id + "/exec", R"({"cmd":"echo"})");
    EXPECT_EQ(executed->status, 200);
    EXPECT_EQ(
        json::parse(executed->body),
        json::parse(
            R"({"exitCode":0,"stdout":"echo","stderr":"","timedOut":false,"signal":null,"oomKilled":false,"pidsLimited":false,)"
            R"("stdoutTruncated":false,"stderrTruncated":false,"durationMs":0})"));
    const auto deleted = call("DELETE", "/v1/vms/" + id);
    EXPECT_EQ(deleted->status, 204);
    EXPECT_EQ(deleted->body, "");
    expect_error(call("GET", "/v1/vms/" + id), 404, "vm_not_found");
    expect_error(call("DELETE", "/v1/vms/" + id), 404, "vm_not_found");
}

TEST_F(ApiTest, StartAndStopOnlyFromTheRightState) {
    const std::string path = "/v1/vms/" + create()["id"].get<std::string>();
    expect_error(call("POST", path + "/start"), 409, "vm_wrong_state");
    EXPECT_EQ(call("POST", path + "/stop")->status, 204);
    expect_error(call("POST", path + "/stop"), 409, "vm_wrong_state");
    expect_error(call("POST", path + "/exec", R"({"cmd":"true"})"), 409, "vm_not_running");
    EXPECT_EQ(call("POST", path + "/start", "{}")->status, 204);
}

TEST_F(ApiTest, EveryRouteNeedsAKey) {
    const std::string id = create()["id"];
    Router router;
    add_vm_routes(router, vms_, {});
    add_exec_routes(router, vms_, 1000);
    add_image_routes(router, *images_);
    add_unavailable_routes(router);
    for (const auto& entry : router.entries()) {
        if (entry.route.access == Access::open) continue;
        std::string path;
        for (const std::string& piece : entry.pattern)
            path += "/" + (piece == "{id}" ? id : piece.front() == '{' ? "x" : piece);
        for (const Headers& headers :
             {Headers{{"A", "b"}}, Headers{{"X-API-Key", "wrong"}}, Headers{{"X-API-Key", key_ + "x"}},
              Headers{{"Authorization", "Bearer wrong"}}, Headers{{"Authorization", "Basic " + key_}},
              Headers{{"Authorization", key_}}, Headers{{"Cookie", "hutch_session=" + std::string(64, 'a')}},
              Headers{{"X-API-Key", ""}}}) {
            expect_error(call(entry.route.method, path, "not even JSON", headers), 401, "unauthenticated");
        }
    }
    for (const char* path : {"/v1", "/v1/", "/v1/nothing", "/v1/vms/undefined", "/v1/vms/../../etc/passwd"}) {
        expect_error(call("GET", path, "", {{"A", "b"}}), 401, "unauthenticated");
    }
    EXPECT_EQ(call("GET", "/v1/vms/" + id)->status, 200) << "nothing happened to it";
}

TEST_F(ApiTest, TheKeyMayComeAsABearer) {
    EXPECT_EQ(call("GET", "/v1/vms", "", {{"Authorization", "Bearer " + key_}})->status, 200);
    EXPECT_EQ(call("GET", "/v1/vms", "", {{"Authorization", "bearer " + key_}})->status, 200);
    EXPECT_EQ(call("GET", "/v1/vms", "", {{"x-api-key", key_}})->status, 200);
}

TEST_F(ApiTest, IdsOfAnotherShapeAre404Or400) {
    for (const char* id : {"undefined", "null"}) {
        for (const char* suffix : {"", "/exec", "/start", "/stop"}) {
            const auto answer =
                call(suffix[0] == '\0' ? "GET" : "POST", std::string("/v1/vms/") + id + suffix, "{}");
            expect_error(answer, 400, "invalid_id");
        }
        expect_error(call("GET", std::string("/v1/images/") + id), 400, "invalid_id");
    }
    for (const char* id : {"x", "..", ".", "%2e%2e%2fetc", "%2e%2e", "vm-%00aaaaaaaaaaaaaaaaaaa",
                           "vm-AAAAAAAAAAAAAAAAAAAA", "img-aaaaaaaaaaaaaaaaaaaa", "vm-aaaaaaaaaaaaaaaaaaaaa",
                           "vm-%D0%B0aaaaaaaaaaaaaaaaaaa", "vm-aaaaaaaaaaaaaaaaaaaa"}) {
        expect_error(call("GET", std::string("/v1/vms/") + id), 404, "vm_not_found");
        expect_error(call("DELETE", std::string("/v1/vms/") + id), 404, "vm_not_found");
        expect_error(call("POST", std::string("/v1/vms/") + id + "/exec", R"({"cmd":"true"})"), 404,
                     "vm_not_found");
    }
    expect_error(call("GET", "/v1/vms/" + std::string(5000, 'a')), 404, "vm_not_found");
    expect_error(call("GET", "/v1/vms/"), 404, "no_such_route");
}

TEST_F(ApiTest, BadBodiesAre400AndNameTheField) {
    expect_error(call("POST", "/v1/vms", ""), 400, "invalid_json");
    expect_error(call("POST", "/v1/vms", "[]"), 400, "invalid_json");
    expect_error(call("POST", "/v1/vms", "{}"), 400, "invalid_field", "cpu");
    expect_error(call("POST", "/v1/vms", R"({"cpu":1,"memMb":-1,"allowIps":[]})"), 400, "invalid_field",
                 "memMb");
    expect_error(call("POST", "/v1/vms", R"({"cpu":1,"cpu":1,"memMb":128,"allowIps":[]})"), 400,
                 "invalid_field", "cpu");
    expect_error(call("POST", "/v1/vms", R"({"cpu":3,"memMb":128,"allowIps":[]})"), 400, "invalid_field",
                 "cpu");
    expect_error(call("POST", "/v1/vms", R"({"cpu":1,"memMb":128,"allowIps":[],"ttlSeconds":5})"), 501,
                 "not_implemented", "ttlSeconds");
    const std::string exec = "/v1/vms/" + create()["id"].get<std::string>() + "/exec";
    expect_error(call("POST", exec, R"({"cmd":1})"), 400, "invalid_field", "cmd");
    expect_error(call("POST", exec, R"({"cmd":"true","timeoutMs":600001})"), 400, "invalid_field",
                 "timeoutMs");
    expect_error(call("POST", exec, R"({"cmd":"true","background":true})"), 501, "not_implemented",
                 "background");
}

TEST_F(ApiTest, ContentTypeDoesNotMatter) {
    // curl's -d without a header says that it is a form.
    for (const char* type :
         {"application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"}) {
        const auto answer =
            call("POST", "/v1/vms",
                 R"({"cpu":1,"memMb":128,"allowIps":[],"x":")" + std::string(20'000, 'a') + "\"}",
                 {{"X-API-Key", key_}, {"Content-Type", type}});
        EXPECT_EQ(answer->status, 201) << type << answer->body;
    }
}

TEST_F(ApiTest, EgressThatIsAskedForIsStoredAndWarnedOf) {
    const json vm = create({{"allowIps", {"10.0.0.0/8"}}, {"outboundInternet", true}});
    EXPECT_EQ(vm["allowIps"], json::array({"10.0.0.0/8"}));
    EXPECT_EQ(vm["outboundInternet"], true);
    ASSERT_EQ(vm["warnings"].size(), 1U);
    EXPECT_NE(vm["warnings"][0].get<std::string>().find("outboundInternet"), std::string::npos);
}

TEST_F(ApiTest, TheListIsFilteredAndPaged) {
    std::vector<std::string> ids;
    for (int i = 0; i < 7; ++i)
        ids.push_back(create({{"labels", {{"n", std::to_string(i % 2)}, {"all", ""}}}})["id"]);
    EXPECT_EQ(call("POST", "/v1/vms/" + ids[3] + "/stop")->status, 204);
    const auto count = [&](const std::string& query) {
        return json::parse(call("GET", "/v1/vms?" + query)->body).size();
    };
    EXPECT_EQ(count(""), 7U);
    EXPECT_EQ(count("state=RUNNING"), 6U);
    EXPECT_EQ(count("state=STOPPED"), 1U);
    EXPECT_EQ(count("state=PAUSED"), 0U);
    EXPECT_EQ(count("label=n%3D1"), 3U);
    EXPECT_EQ(count("label=n=0&label=all"), 4U);
    EXPECT_EQ(count("label=n=0&label=other"), 0U);
    EXPECT_EQ(count("label=all="), 7U);

    std::set<std::string> seen;
    std::string cursor;
    for (int page = 0; page < 4; ++page) {
        const auto answer =
            call("GET", "/v1/vms?limit=2" +
                            (cursor.empty() ? "" : "&cursor=" + httplib::encode_query_component(cursor)));
        ASSERT_EQ(answer->status, 200) << answer->body;
        for (const json& vm : json::parse(answer->body)) EXPECT_TRUE(seen.insert(vm["id"]).second);
        cursor = answer->get_header_value("X-Next-Cursor");
        EXPECT_EQ(cursor.empty(), page == 3);
        // The VM that the cursor names may go; the next page is the same.
        if (page == 1) {
            EXPECT_EQ(call("DELETE", "/v1/vms/" + cursor.substr(cursor.find('~') + 1))->status, 204);
        }
    }
    EXPECT_EQ(seen.size(), 7U);
    for (const char* query : {"state=running", "state=", "limit=0", "limit=-1", "limit=1001", "limit=x",
                              "limit=", "cursor=x", "cursor=a~b", "label=", "label==x"}) {
        const std::string text = query;
        expect_error(call("GET", "/v1/vms?" + text), 400, "invalid_field", text.substr(0, text.find('=')));
    }
}

TEST_F(ApiTest, RoutesThatAreNotThereYetSaySo) {
    expect_error(call("POST", "/v1/vms/vm-aaaaaaaaaaaaaaaaaaaa/run-ts", "{}"), 501, "not_implemented",
                 "/run-ts");
    expect_error(call("GET", "/v1/snapshots"), 501, "not_implemented", "/v1/snapshots");
    expect_error(call("PUT", "/v1/images/x/rootfs", std::string(100'000, 'x')), 501, "not_implemented",
                 "rootfs");
    expect_error(call("GET", "/v1/vms/x/ports/80/a/b"), 501, "not_implemented", "ports");
    expect_error(call("GET", "/metrics"), 501, "not_implemented", "/metrics");
    expect_error(call("GET", "/v1/nothing"), 404, "no_such_route");
    expect_error(call("GET", "/nothing", "", {{"A", "b"}}), 404, "no_such_route");
    const auto wrong = call("PUT", "/v1/vms", "{}");
    expect_error(wrong, 405, "method_not_allowed");
    EXPECT_EQ(wrong->get_header_value("Allow"), "POST, GET");
    expect_error(call("POST", "/v1/vms", "{}", {{"X-API-Key", key_}, {"Idempotency-Key", "a"}}), 501,
                 "not_implemented", "Idempotency-Key");
}

TEST_F(ApiTest, WithoutAKeyOnlySmallBodiesAreWaitedFor) {
    const Headers none{{"A", "b"}};
    expect_error(call("POST", "/auth/session", std::string(100'000, ' '), none), 413, "payload_too_large");
    expect_error(call("POST", "/auth/session", std::string(10'000, ' '), none), 400, "invalid_json");
    expect_error(call("POST", "/v1/vms", std::string(100'000, ' '), none), 401, "unauthenticated");
    expect_error(call("GET", "/docs", "", none), 501, "not_implemented", "/docs");
}

TEST_F(ApiTest, Images) {
    const json images = json::parse(call("GET", "/v1/images")->body);
    ASSERT_EQ(images.size(), 1U);
    EXPECT_EQ(images[0]["id"], image_.text());
    EXPECT_EQ(images[0]["isDefault"], true);
    EXPECT_EQ(images[0]["hasRootfs"], true);
    EXPECT_EQ(images[0]["hasKernel"], false);
    EXPECT_EQ(images[0]["baseRootfsBytes"], 4096);
    EXPECT_EQ(images[0]["digest"], "sha256:" + std::string(64, 'a'));
    EXPECT_EQ(json::parse(call("GET", "/v1/images/" + image_.text())->body), images[0]);
    expect_error(call("GET", "/v1/images/img-aaaaaaaaaaaaaaaaaaaa"), 404, "image_not_found");
}

TEST_F(ApiTest, SessionsOfLoginAndKey) {
    const Headers none{{"A", "b"}};
    expect_error(call("POST", "/auth/login", R"({"email":"admin@example.org","password":"wrong"})", none),
                 401, "wrong_credentials");
    expect_error(call("POST", "/auth/session", R"({"apiKey":"wrong"})", none), 401, "wrong_api_key");
    expect_error(call("POST", "/auth/login", R"({"email":"admin@example.org"})", none), 400, "invalid_field",
                 "password");
    expect_error(call("GET", "/auth/me", "", none), 401, "unauthenticated");

    const auto login =
        call("POST", "/auth/login", R"({"email":"admin@example.org","password":"the-password"})", none);
    ASSERT_EQ(login->status, 200);
    EXPECT_EQ(json::parse(login->body), json({{"email", "admin@example.org"}}));
    const std::string cookie = login->get_header_value("Set-Cookie");
    for (const char* part : {"hutch_session=", "; HttpOnly", "; SameSite=Lax", "; Max-Age=43200", "; Path=/"})
        EXPECT_NE(cookie.find(part), std::string::npos) << part;
    EXPECT_EQ(cookie.find("Secure"), std::string::npos);
    const Headers session{{"Cookie", cookie_of(login)}};
    EXPECT_EQ(json::parse(call("GET", "/auth/me", "", session)->body),
              json({{"email", "admin@example.org"}}));
    EXPECT_EQ(call("GET", "/v1/vms", "", session)->status, 200);
    expect_error(call("GET", "/v1/vms", "", {{"Cookie", cookie_of(login)}, {"X-API-Key", "wrong"}}), 401,
                 "unauthenticated");

    const auto by_key = call("POST", "/auth/session", json({{"apiKey", key_}}).dump(), none);
    ASSERT_EQ(by_key->status, 200);
    EXPECT_EQ(json::parse(call("GET", "/auth/me", "", {{"Cookie", cookie_of(by_key)}})->body),
              json({{"email", nullptr}}));

    const auto logout = call("POST", "/auth/logout", "", session);
    EXPECT_EQ(logout->status, 204);
    EXPECT_NE(logout->get_header_value("Set-Cookie").find("Max-Age=0"), std::string::npos);
    expect_error(call("GET", "/auth/me", "", session), 401, "unauthenticated");
    EXPECT_EQ(call("GET", "/auth/me", "", {{"Cookie", cookie_of(by_key)}})->status, 200)
        << "the other session goes on";
}

TEST_F(ApiTest, APageOfAnotherSiteCannotUseASession) {
    const auto login = call("POST", "/auth/session", json({{"apiKey", key_}}).dump(), {{"A", "b"}});
    const std::string cookie = cookie_of(login);
    const std::string own = "http://127.0.0.1:" + std::to_string(server_->port());
    const std::string body = R"({"cpu":1,"memMb":128,"allowIps":[]})";
    EXPECT_EQ(call("POST", "/v1/vms", body, {{"Cookie", cookie}, {"Origin", own}})->status, 201);
    EXPECT_EQ(call("POST", "/v1/vms", body,
                   {{"Cookie", cookie}, {"Origin", own}, {"Sec-Fetch-Site", "same-origin"}})
                  ->status,
              201);
    expect_error(call("POST", "/v1/vms", body, {{"Cookie", cookie}, {"Origin", "http://evil.example"}}), 403,
                 "other_site");
    expect_error(call("POST", "/v1/vms", body, {{"Cookie", cookie}, {"Origin", "null"}}), 403, "other_site");
    expect_error(call("POST", "/v1/vms", body, {{"Cookie", cookie}, {"Sec-Fetch-Site", "cross-site"}}), 403,
                 "other_site");
    expect_error(
        call("POST", "/v1/vms", body,
             {{"Cookie", cookie}, {"Origin", "http://evil.example"}, {"X-Forwarded-Host", "evil.example"}}),
        403, "other_site");
    expect_error(
        call("POST", "/auth/session", json({{"apiKey", key_}}).dump(), {{"Origin", "http://evil.example"}}),
        403, "other_site");
    EXPECT_EQ(call("POST", "/v1/vms", body, {{"X-API-Key", key_}, {"Origin", "http://evil.example"}})->status,
              201)
        << "a key is no cookie";
    EXPECT_EQ(json::parse(call("GET", "/v1/vms")->body).size(), 3U);
}

TEST_F(ApiTest, OpenRoutes) {
    const Headers none{{"A", "b"}};
    EXPECT_EQ(call("GET", "/healthz", "", none)->status, 200);
    EXPECT_EQ(call("HEAD", "/healthz", "", none)->status, 200);
    const auto index = call("GET", "/", "", none);
    EXPECT_EQ(index->status, 200);
    EXPECT_EQ(index->body, "<!doctype html>");
    EXPECT_NE(index->get_header_value("Content-Security-Policy"), "");
    EXPECT_EQ(index->get_header_value("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(call("GET", "/v1/vms")->get_header_value("Cache-Control"), "no-store");
}

TEST_F(ApiTest, OpenapiDescribesEveryRouteThatIsThere) {
    const json document = json::parse(call("GET", "/openapi.json", "", {{"A", "b"}})->body);
    Router router;
    add_vm_routes(router, vms_, {});
    add_exec_routes(router, vms_, 1000);
    add_image_routes(router, *images_);
    add_auth_routes(router, *auth_, "");
    add_service_routes(router);
    std::set<std::string> there;
    for (const auto& entry : router.entries()) there.insert(entry.route.method + " " + entry.route.pattern);
    std::set<std::string> described;
    for (const auto& [path, operations] : document["paths"].items()) {
        for (const auto& [method, operation] : operations.items()) {
            if (method == "parameters") continue;
            std::string upper = method;
            std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) { return char(c - 32); });
            described.insert(upper + " " + path);
            EXPECT_TRUE(operation.contains("operationId")) << path;
        }
    }
    EXPECT_EQ(described, there);
    // What is referred to exists.
    const std::string text = document.dump();
    for (std::size_t at = 0; (at = text.find("\"$ref\":\"#", at)) != std::string::npos;) {
        at += 9;
        EXPECT_TRUE(document.contains(json::json_pointer(text.substr(at, text.find('"', at) - at))))
            << text.substr(at, 60);
    }
    // The VM and exec answers have the fields that are described, and no others.
    const auto keys = [](const json& object) {
        std::set<std::string> names;
        for (const auto& [name, value] : object.items()) names.insert(name);
        return names;
    };
    const json vm = create();
    json shown = json::parse(call("GET", "/v1/vms/" + vm["id"].get<std::string>())->body);
    EXPECT_EQ(keys(shown), keys(document["components"]["schemas"]["Vm"]["properties"]));
    const json result =
        json::parse(call("POST", "/v1/vms/" + vm["id"].get<std::string>() + "/exec", R"({"cmd":"a"})")->body);
    EXPECT_EQ(keys(result), keys(document["components"]["schemas"]["ExecResult"]["properties"]));
    EXPECT_EQ(keys(json::parse(call("GET", "/v1/images")->body)[0]),
              keys(document["components"]["schemas"]["Image"]["properties"]));
}

TEST_F(ApiTest, AClientThatGoesAwayDuringCreateLeavesNoVm) {
    std::latch creating(1);
    std::latch gone(1);
    vms_.on_create = [&] {
        creating.count_down();
        gone.wait();
    };
    const std::string body = R"({"cpu":1,"memMb":128,"allowIps":[]})";
    const std::string request = "POST /v1/vms HTTP/1.1\r\nHost: x\r\nX-API-Key: " + key_ +
                                "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    {
        const sys::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(server_->port()));
        ASSERT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        ASSERT_EQ(::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(request.size()));
        creating.wait();
    }
    gone.count_down();
    end();
    EXPECT_TRUE(vms_.list()->empty());
    EXPECT_EQ(vms_.last_create.memory_mib, 128) << "it was made";
}

TEST_F(ApiTest, AnExecIsEndedWhenItsClientGoesAway) {
    const std::string id = create()["id"];
    std::latch running(1);
    std::latch ended(1);
    vms_.on_exec = [&](const vm::ExecRequest& request) -> Result<vm::ExecResult> {
        request.when_caller_leaves([&] { ended.count_down(); });
        running.count_down();
        ended.wait();
        request.when_caller_leaves({});
        return fail(ErrorKind::guest_failed, "guest_connection_broken", "ended");
    };
    std::thread leaving([&] {
        httplib::Client http = client();
        std::thread stopper([&] {
            running.wait();
            http.stop();
        });
        EXPECT_FALSE(http.Post("/v1/vms/" + id + "/exec", {{"X-API-Key", key_}}, R"({"cmd":"sleep 1000"})",
                               "application/json"));
        stopper.join();
    });
    leaving.join();
    end();  // which waits for the exec, which waits to be ended
}

TEST_F(ApiTest, AGuestsFailuresAreErrorsAndItsBytesAreHarmless) {
    const std::string exec = "/v1/vms/" + create()["id"].get<std::string>() + "/exec";
    vms_.on_exec = [](const vm::ExecRequest&) -> Result<vm::ExecResult> {
        return fail(ErrorKind::guest_failed, "guest_broke_off", "the guest broke off");
    };
    expect_error(call("POST", exec, R"({"cmd":"a"})"), 502, "guest_broke_off");
    vms_.on_exec = [](const vm::ExecRequest&) -> Result<vm::ExecResult> {
        return fail(ErrorKind::invalid_argument, "invalid_field", "cwd is outside /workspace");
    };
    expect_error(call("POST", exec, R"({"cmd":"a"})"), 400, "invalid_field", "cwd");
    vms_.on_exec = [](const vm::ExecRequest&) -> Result<vm::ExecResult> {
        vm::ExecResult result;
        result.exit_code = 137;
        result.standard_output = "a\xff\r\nSet-Cookie: x\0b" + std::string(1, '\0') + "</script>";
        result.signal = "SIGKILL";
        result.out_of_memory_killed = true;
        return result;
    };
    const auto answer = call("POST", exec, R"({"cmd":"a"})");
    EXPECT_EQ(answer->status, 200);
    const json body = json::parse(answer->body);
    EXPECT_EQ(body["exitCode"], 137);
    EXPECT_EQ(body["signal"], "SIGKILL");
    EXPECT_EQ(body["oomKilled"], true);
    EXPECT_EQ(answer->get_header_value("Content-Type"), "application/json");
    vms_.on_exec = [](const vm::ExecRequest&) -> Result<vm::ExecResult> { throw std::bad_alloc(); };
    expect_error(call("POST", exec, R"({"cmd":"a"})"), 500, "internal");
}

class LimitedApiTest : public ApiTest {
protected:
    LimitedApiTest()
        : ApiTest({{"HUTCH_RATE_LIMIT", "40"},
                   {"HUTCH_RATE_LIMIT_CREATE", "2"},
                   {"HUTCH_RATE_LIMIT_EXEC", "1"},
                   {"HUTCH_RATE_LIMIT_LOGIN", "2"},
                   {"HUTCH_MAX_BODY_BYTES", "2000"},
                   {"HUTCH_HTTP_THREADS", "32"},
                   {"HUTCH_PUBLIC_URL", "https://hutch.example.org"},
                   {"HUTCH_ADMIN_PASSWORD", ""}}) {}
};

TEST_F(LimitedApiTest, TooOftenIs429WithRetryAfter) {
    const std::string id = create()["id"];
    create();
    const auto created = call("POST", "/v1/vms", R"({"cpu":1,"memMb":128,"allowIps":[]})");
    expect_error(created, 429, "rate_limited");
    EXPECT_GT(std::stoi(created->get_header_value("Retry-After")), 0);
    EXPECT_EQ(call("POST", "/v1/vms/" + id + "/exec", R"({"cmd":"a"})")->status, 200);
    expect_error(call("POST", "/v1/vms/" + id + "/exec", R"({"cmd":"a"})"), 429, "rate_limited");
    int answered = 0;
    while (call("GET", "/v1/vms")->status == 200 && answered < 100) ++answered;
    EXPECT_LT(answered, 100);
    expect_error(call("GET", "/v1/vms", "", {{"A", "b"}}), 401, "unauthenticated");
    EXPECT_EQ(call("GET", "/healthz", "", {{"A", "b"}})->status, 200);
}

TEST_F(LimitedApiTest, FailedSignInsAreLimited) {
    for (int i = 0; i < 2; ++i)
        expect_error(
            call("POST", "/auth/session", R"({"apiKey":"guess"})", {{"X-Forwarded-For", std::to_string(i)}}),
            401, "wrong_api_key");
    const auto third =
        call("POST", "/auth/session", json({{"apiKey", key_}}).dump(), {{"X-Forwarded-For", "1.2.3.4"}});
    expect_error(third, 429, "too_many_failed_logins");
    EXPECT_NE(third->get_header_value("Retry-After"), "");
    EXPECT_EQ(call("GET", "/v1/vms")->status, 200) << "keys go on working";
}

TEST_F(LimitedApiTest, LoginIsOffWithoutAPasswordAndTheCookieIsSecureBehindTls) {
    expect_error(call("POST", "/auth/login", R"({"email":"admin@example.org","password":""})", {{"A", "b"}}),
                 401, "login_off");
    const auto session = call("POST", "/auth/session", json({{"apiKey", key_}}).dump(),
                              {{"Origin", "https://hutch.example.org"}});
    ASSERT_EQ(session->status, 200);
    EXPECT_NE(session->get_header_value("Set-Cookie").find("; Secure"), std::string::npos);
}

TEST_F(LimitedApiTest, ABodyThatIsTooLargeIs413) {
    expect_error(call("POST", "/v1/vms", std::string(2001, ' ')), 413, "payload_too_large");
    expect_error(call("POST", "/v1/vms", std::string(2000, ' ')), 400, "invalid_json");
}

class FewThreadsApiTest : public ApiTest {
protected:
    FewThreadsApiTest() : ApiTest({{"HUTCH_HTTP_THREADS", "32"}}) {}
};

TEST_F(FewThreadsApiTest, LengthyCallsLeaveRoomForBriefOnes) {
    // 16 of the 32 threads are for lengthy calls.
    const std::string path = "/v1/vms/" + create()["id"].get<std::string>();
    std::latch release(1);
    std::latch blocked(16);
    vms_.on_exec = [&](const vm::ExecRequest&) -> Result<vm::ExecResult> {
        blocked.count_down();
        release.wait();
        return vm::ExecResult{};
    };
    std::vector<std::thread> callers;
    for (int i = 0; i < 16; ++i) {
        callers.emplace_back([&] { EXPECT_EQ(call("POST", path + "/exec", R"({"cmd":"a"})")->status, 200); });
    }
    blocked.wait();
    EXPECT_EQ(call("GET", "/healthz", "", {{"A", "b"}})->status, 200);
    EXPECT_EQ(call("GET", path)->status, 200);
    const auto busy = call("POST", path + "/exec", R"({"cmd":"a"})");
    expect_error(busy, 503, "too_busy");
    EXPECT_EQ(busy->get_header_value("Retry-After"), "1");
    release.count_down();
    for (std::thread& caller : callers) caller.join();
    EXPECT_EQ(call("POST", path + "/exec", R"({"cmd":"a"})")->status, 200);
}

}  // namespace
}  // namespace hutch::api
