#include "manager/api/static_files.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "common/testing/temporary_directory.hpp"

namespace hutch::api {
namespace {

class StaticFilesTest : public testing::Test {
protected:
    StaticFilesTest() {
        std::filesystem::create_directories(root_ / "assets");
        std::ofstream(root_ / "index.html") << "<!doctype html>";
        std::ofstream(root_ / "assets/index-abc.js") << "script";
        std::ofstream(root_ / ".secret") << "secret";
        std::ofstream(folder_.path() / "outside") << "outside";
        std::filesystem::create_symlink(folder_.path() / "outside", root_ / "link");
    }
    [[nodiscard]] std::optional<Response> get(const std::string& path,
                                              const std::string& method = "GET") const {
        Request request;
        request.method = method;
        parse_target(path, request);
        return files_.find(request);
    }
    testing_support::TemporaryDirectory folder_;
    std::filesystem::path root_ = folder_.path() / "webui";
    StaticFiles files_;
};

TEST_F(StaticFilesTest, ServesFilesWithTheirTypeAndPolicy) {
    files_ = StaticFiles::load(root_).value();
    const auto index = get("/");
    ASSERT_TRUE(index);
    EXPECT_EQ(index->body, "<!doctype html>");
    EXPECT_EQ(index->content_type, "text/html; charset=utf-8");
    bool policy = false;
    for (const auto& [name, value] : index->headers)
        policy = policy ||
                 (name == "Content-Security-Policy" && value.find("script-src 'self'") != std::string::npos);
    EXPECT_TRUE(policy);
    EXPECT_EQ(get("/index.html")->body, "<!doctype html>");
    EXPECT_EQ(get("/assets/index-abc.js")->content_type, "text/javascript; charset=utf-8");
    EXPECT_TRUE(get("/", "HEAD"));
}

TEST_F(StaticFilesTest, NothingElseIsThere) {
    files_ = StaticFiles::load(root_).value();
    for (const char* path : {"/nothing", "/link", "/.secret", "/../outside", "/%2e%2e/outside", "/assets",
                             "/assets/", "/assets/../index.html", "//index.html"}) {
        EXPECT_FALSE(get(path)) << path;
    }
    EXPECT_FALSE(get("/", "POST"));
    EXPECT_FALSE(StaticFiles::load(folder_.path() / "missing"));
    EXPECT_FALSE(StaticFiles().find({}));
}

}  // namespace
}  // namespace hutch::api
