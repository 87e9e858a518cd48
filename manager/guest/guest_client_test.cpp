#include "manager/guest/guest_client.hpp"

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "common/sys/file.hpp"
#include "common/sys/unix_socket.hpp"
#include "common/testing/temporary_directory.hpp"

namespace hutch::guest {
namespace {

constexpr const char* result_json =
    R"({"exitCode":0,"stdout":"hi","stderr":"","timedOut":false,"signal":null,"oomKilled":false,"pidsLimited":false,)"
    R"("stdoutTruncated":false,"stderrTruncated":false,"durationMs":1})";

std::string http(const std::string& head, const std::string& body) {
    return "HTTP/1.1 " + head + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// A vsock device and agent that say whatever the test wants: it answers each connection's CONNECT line and
/// each request on it with the next of `answers`, and closes when there is none left.
class ScriptedGuest {
public:
    ScriptedGuest(std::string connect_answer, std::vector<std::string> answers)
        : directory_(*sys::open_directory(folder_.path())),
          listener_(*sys::listen_unix(directory_, "vsock.sock", 8)),
          thread_([this, connect_answer, answers] { serve(connect_answer, answers); }) {}
    ~ScriptedGuest() {
        ::shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
    }

    [[nodiscard]] std::unique_ptr<GuestClient> client() const { return *GuestClient::create(folder_.path()); }
    [[nodiscard]] int connections() const { return connections_; }

private:
    static std::string read_until(int socket, const std::string& end) {
        std::string text;
        char byte = 0;
        while (!text.ends_with(end) && ::recv(socket, &byte, 1, 0) == 1) text += byte;
        return text;
    }

    void serve(const std::string& connect_answer, const std::vector<std::string>& answers) {
        std::size_t next = 0;
        for (;;) {
            const sys::UniqueFd socket(::accept(listener_.get(), nullptr, nullptr));
            if (!socket) return;
            ++connections_;
            if (read_until(socket.get(), "\n") != "CONNECT 8080\n") continue;
            (void)sys::write_all(socket, connect_answer);
            while (next < answers.size()) {
                const std::string head = read_until(socket.get(), "\r\n\r\n");
                if (head.empty()) break;
                const auto length = head.find("Content-Length: ");
                std::string body(length == std::string::npos ? 0 : std::stoul(head.substr(length + 16)),
                                 '\0');
                if (!body.empty() && ::recv(socket.get(), body.data(), body.size(), MSG_WAITALL) <= 0) break;
                const std::string& answer = answers[next++];
                (void)::send(socket.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
                if (answer.find("Content-Length") == std::string::npos) break;
            }
        }
    }

    testing_support::TemporaryDirectory folder_;
    sys::UniqueFd directory_;
    sys::UniqueFd listener_;
    std::atomic<int> connections_ = 0;
    std::thread thread_;
};

TEST(GuestClient, KeepsItsConnection) {
    ScriptedGuest guest("OK 1\n", {http("200 OK", result_json), http("200 OK", result_json)});
    const auto client = guest.client();
    for (int round = 0; round < 2; ++round) {
        const auto result = client->exec({.command = "true"});
        ASSERT_TRUE(result) << result.error().message;
        EXPECT_EQ(result->standard_output, "hi");
    }
    EXPECT_EQ(guest.connections(), 1);
}

TEST(GuestClient, ABrokenOrLyingGuestIsAnErrorNeverAResult) {
    const std::vector<std::string> lies = {
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(std::string(result_json).size() + 10) +
            "\r\n\r\n" + result_json,
        http("200 OK", "{\"exitCode\":0}"),
        http("204 No Content", ""),
        http("302 Found\r\nLocation: http://127.0.0.1/", ""),
        http("500 Internal Server Error", "{\"message\":\"x\"}"),
        "garbage garbage garbage\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: " + std::string(1 << 20, 'x'),
    };
    for (const std::string& lie : lies) {
        ScriptedGuest guest("OK 1\n", {lie});
        const auto result = guest.client()->exec({.command = "true", .timeout_ms = 1000});
        ASSERT_FALSE(result) << lie.substr(0, 60);
        EXPECT_EQ(result.error().kind, ErrorKind::guest_failed) << lie.substr(0, 60);
    }
}

TEST(GuestClient, RefusalsOfTheAgentKeepTheirKind) {
    ScriptedGuest guest("OK 1\n", {http("400 Bad Request", R"({"message":"cwd: no such directory"})"),
                                   http("429 Too Many Requests", "{}")});
    const auto client = guest.client();
    const auto refused = client->exec({.command = "true"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid_argument);
    EXPECT_EQ(refused.error().message, "cwd: no such directory");
    EXPECT_EQ(client->exec({.command = "true"}).error().kind, ErrorKind::too_many_requests);
}

TEST(GuestClient, AVsockDeviceThatDoesNotSayOkIsAnError) {
    for (const std::string& answer : {std::string("NO\n"), std::string(), std::string(100, 'O')}) {
        ScriptedGuest guest(answer, {});
        EXPECT_FALSE(guest.client()->exec({.command = "true"}));
    }
}

}  // namespace
}  // namespace hutch::guest
