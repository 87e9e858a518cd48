#include "manager/http/server.hpp"

#include <condition_variable>
#include <latch>
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

namespace hutch::http {
namespace {

using std::string_literals::operator""s;

/// Answers "<method> <target> <body>"; /refuse is refused by its head, /wait waits for release().
class TestHandler final : public Handler {
public:
    std::unique_ptr<Call> begin(Head head, Client client) override {
        return std::make_unique<TestCall>(*this, std::move(head), std::move(client));
    }
    Response refusal(const Refusal& reason) override {
        return {reason.status, {}, "text/plain", reason.message};
    }

    void release() {
        const std::lock_guard lock(mutex_);
        released_ = true;
        changed_.notify_all();
    }
    void wait_until_released() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return released_; });
    }
    void wait_until_waiting(int count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return waiting_ >= count; });
    }

private:
    class TestCall final : public Call {
    public:
        TestCall(TestHandler& owner, Head head, Client client)
            : owner_(owner), head_(std::move(head)), client_(std::move(client)) {}
        std::optional<Response> refuse() override {
            if (head_.target == "/refuse") return Response{401, {}, "text/plain", "no"};
            return std::nullopt;
        }
        Response run(std::string body) override {
            if (head_.target == "/wait") owner_.wait();
            if (head_.target == "/until-gone") {
                client_.when_gone([this] { owner_.release(); });
                owner_.wait();
                client_.when_gone({});
            }
            if (head_.target == "/large") return {200, {}, "text/plain", std::string(20'000'000, 'x')};
            return {200, {}, "text/plain", head_.method + " " + head_.target + " " + body};
        }

    private:
        TestHandler& owner_;
        Head head_;
        Client client_;
    };

    void wait() {
        std::unique_lock lock(mutex_);
        ++waiting_;
        changed_.notify_all();
        changed_.wait(lock, [&] { return released_; });
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    int waiting_ = 0;
    bool released_ = false;
};

/// A client that sends what it is told, byte for byte.
class Client {
public:
    explicit Client(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    }
    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    /// Reads until `end` has come, or the server closes.
    std::string read_until(const std::string& end) {
        while (received_.find(end) == std::string::npos && receive()) continue;
        const auto found = received_.find(end);
        if (found == std::string::npos) return std::exchange(received_, {});
        std::string text = received_.substr(0, found + end.size());
        received_.erase(0, found + end.size());
        return text;
    }
    std::string read_to_end() {
        while (receive()) continue;
        return std::exchange(received_, {});
    }
    void close() { socket_.reset(); }

private:
    bool receive() {
        std::array<char, 65536> piece{};
        const ssize_t got = ::recv(socket_.get(), piece.data(), piece.size(), 0);
        if (got <= 0) return false;
        received_.append(piece.data(), static_cast<std::size_t>(got));
        return true;
    }
    sys::UniqueFd socket_;
    std::string received_;
};

class ServerTest : public testing::Test {
protected:
    void start(ServerOptions options = {}) {
        server_ = Server::create(handler_, std::move(options)).value();
        ASSERT_TRUE(server_->listen("127.0.0.1", 0));
        thread_ = std::thread([this] { server_->serve(); });
    }
    void end() {
        if (!thread_.joinable()) return;
        server_->stop();
        handler_.release();
        thread_.join();
    }
    ~ServerTest() override { end(); }
    [[nodiscard]] Client client() const { return Client(server_->port()); }

    TestHandler handler_;
    std::unique_ptr<Server> server_;
    std::thread thread_;
};

const std::string get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(ServerTest, AnswersManyRequestsOnOneConnection) {
    start();
    Client one = client();
    for (int i = 0; i < 300; ++i) {
        one.send(get);
        ASSERT_NE(one.read_until("GET /a ").find("HTTP/1.1 200 OK\r\n"), std::string::npos);
    }
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
    start();
    Client one = client();
    one.send(
        "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcPOST /2 HTTP/1.1\r\nHost: "
        "x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "2\r\nde\r\n0\r\n\r\nGET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const std::string all = one.read_to_end();
    const auto first = all.find("POST /1 abc");
    const auto second = all.find("POST /2 de");
    const auto third = all.find("GET /3 ");
    EXPECT_LT(first, second);
    EXPECT_LT(second, third);
    EXPECT_NE(third, std::string::npos) << all;
}

TEST_F(ServerTest, APostWithoutABodyDoesNotEatTheNextRequest) {
    start();
    Client one = client();
    one.send("POST /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const std::string all = one.read_to_end();
    EXPECT_NE(all.find("POST /1 "), std::string::npos);
    EXPECT_NE(all.find("GET /2 "), std::string::npos);
}

TEST_F(ServerTest, HeadHasNoBody) {
    start();
    Client one = client();
    one.send("HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const std::string all = one.read_to_end();
    EXPECT_NE(all.find("Content-Length: 8"), std::string::npos);
    EXPECT_TRUE(all.ends_with("\r\n\r\n"));
}

TEST_F(ServerTest, SmugglingIsRefusedAndEndsTheConnection) {
    start();
    for (
        const std::string& request :
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"s,
         "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"s,
         "GET / HTTP/1.1\r\nHost: x\r\nFoo: a\nContent-Length: 40\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"s,
         "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZ\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"s}) {
        Client one = client();
        one.send(request);
        const std::string all = one.read_to_end();
        EXPECT_TRUE(all.starts_with("HTTP/1.1 400 ")) << all;
        EXPECT_EQ(all.find("smuggled"), std::string::npos) << all;
        EXPECT_NE(all.find("Connection: close"), std::string::npos);
    }
}

TEST_F(ServerTest, AnEndlessHeadIsRefused) {
    start();
    Client one = client();
    one.send("GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(100'000, 'a'));
    EXPECT_TRUE(one.read_to_end().starts_with("HTTP/1.1 431 "));
}

TEST_F(ServerTest, ALargeBodyIsRefusedBeforeItIsSent) {
    ServerOptions options;
    options.max_body_bytes = 1000;
    start(options);
    Client one = client();
    one.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n");
    EXPECT_TRUE(one.read_to_end().starts_with("HTTP/1.1 413 "));
    Client chunked = client();
    chunked.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n" +
                 std::string(4095, 'a') + "\r\n0\r\n\r\n");
    EXPECT_TRUE(chunked.read_to_end().starts_with("HTTP/1.1 413 "));
    Client exact = client();
    exact.send("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n" +
               std::string(1000, 'a'));
    EXPECT_TRUE(exact.read_to_end().starts_with("HTTP/1.1 200 "));
}

TEST_F(ServerTest, SaysContinueWhenAsked) {
    start();
    Client one = client();
    one.send("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(one.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    one.send("ab");
    EXPECT_TRUE(one.read_until("POST /a ab").starts_with("HTTP/1.1 200 "));
}

TEST_F(ServerTest, ARefusedCallsBodyIsSkippedWhenItIsHere) {
    start();
    Client one = client();
    one.send("POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
    EXPECT_TRUE(one.read_until("\r\n\r\nno").starts_with("HTTP/1.1 401 "));
    one.send(get);
    EXPECT_TRUE(one.read_until("GET /a ").starts_with("HTTP/1.1 200 "));
    Client other = client();
    other.send("POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\nbody");
    const std::string all = other.read_to_end();
    EXPECT_TRUE(all.starts_with("HTTP/1.1 401 "));
    EXPECT_NE(all.find("Connection: close"), std::string::npos);
}

TEST_F(ServerTest, CallsThatBlockAndIdleClientsLeaveOthersAlone) {
    ServerOptions options;
    options.max_threads = 5;
    start(options);
    std::vector<std::unique_ptr<Client>> blocked;
    for (int i = 0; i < 4; ++i) {
        blocked.push_back(std::make_unique<Client>(server_->port()));
        blocked.back()->send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    handler_.wait_until_waiting(4);
    std::vector<std::unique_ptr<Client>> idle;
    for (int i = 0; i < 300; ++i) {
        idle.push_back(std::make_unique<Client>(server_->port()));
        if (i % 2 == 0) idle.back()->send("GET / HTTP/1.1\r\nHos");  // and never the rest
    }
    Client one = client();
    one.send(get);
    EXPECT_TRUE(one.read_until("GET /a ").starts_with("HTTP/1.1 200 "));
    handler_.release();
    for (auto& waiting : blocked) EXPECT_TRUE(waiting->read_until("GET /wait ").starts_with("HTTP/1.1 200 "));
}

TEST_F(ServerTest, SlowHeadsAndIdleConnectionsAreClosed) {
    ServerOptions options;
    options.patience.request = std::chrono::milliseconds(1);
    options.patience.idle = std::chrono::milliseconds(1);
    start(options);
    Client slow = client();
    slow.send("GET / HTTP/1.1\r\nHos");
    EXPECT_EQ(slow.read_to_end(), "");
    Client idle = client();
    EXPECT_EQ(idle.read_to_end(), "");
}

TEST_F(ServerTest, ABodyThatNeverComesIsGivenUp) {
    ServerOptions options;
    options.patience.pause = std::chrono::milliseconds(1);
    start(options);
    Client one = client();
    one.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nab");
    EXPECT_TRUE(one.read_to_end().starts_with("HTTP/1.1 408 "));
    Client chunked = client();
    chunked.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab");
    EXPECT_TRUE(chunked.read_to_end().starts_with("HTTP/1.1 408 "));
}

TEST_F(ServerTest, SlowSendersAndReadersHoldNoThread) {
    ServerOptions options;
    options.max_threads = 1;
    start(options);
    std::vector<std::unique_ptr<Client>> slow;
    for (const char* request :
         {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\nab",
          "GET /large HTTP/1.1\r\nHost: x\r\n\r\n", "GET /large HTTP/1.1\r\nHost: x\r\n\r\n"}) {
        slow.push_back(std::make_unique<Client>(server_->port()));
        slow.back()->send(request);
    }
    Client one = client();
    one.send(get);
    EXPECT_TRUE(one.read_until("GET /a ").starts_with("HTTP/1.1 200 "));
    slow[1]->send(get);
    EXPECT_EQ(slow[1]->read_until("GET /a ").find("HTTP/1.1 200 "), 0U)
        << "and the slow ones get theirs in the end";
}

TEST_F(ServerTest, AReaderThatNeverReadsIsGivenUp) {
    ServerOptions options;
    options.patience.pause = std::chrono::milliseconds(1);
    start(options);
    Client deaf = client();
    deaf.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    server_->stop();
    handler_.release();
    thread_.join();  // which waits for answers that are being written
}

TEST_F(ServerTest, AnswersThatAreNotReadHaveALimit) {
    ServerOptions options;
    options.max_threads = 1;
    options.max_waiting_output_bytes = 30'000'000;
    start(options);
    Client first = client();
    first.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    first.read_until("x");  // its 20 MB are on their way
    Client second = client();
    second.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    Client third = client();
    third.send(get);
    third.read_until("GET /a ");  // on the one thread, so the second's answer is over
    EXPECT_LT(second.read_to_end().size(), 20'000'000U) << "cut, and not silently: the length was announced";
    first.send("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_GT(first.read_to_end().size(), 19'000'000U);
}

TEST_F(ServerTest, ALargeAnswerComesWhole) {
    start();
    Client one = client();
    one.send("GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const std::string all = one.read_to_end();
    EXPECT_EQ(all.size() - all.find("\r\n\r\n") - 4, 20'000'000U);
}

TEST_F(ServerTest, BeyondTheLimitConnectionsAreClosed) {
    ServerOptions options;
    options.max_connections = 2;
    start(options);
    Client first = client();
    Client second = client();
    for (Client* each : {&first, &second}) {
        each->send(get);
        each->read_until("GET /a ");
    }
    Client third = client();
    EXPECT_EQ(third.read_to_end(), "");
    first.close();
    // The server sees the close before anything that comes later.
    std::string answer;
    while (answer.empty()) {
        Client next = client();
        next.send(get);
        answer = next.read_until("GET /a ");
    }
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 "));
}

TEST_F(ServerTest, StopAnswersWhatIsBeingWorkedOn) {
    start();
    Client waiting = client();
    waiting.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    handler_.wait_until_waiting(1);
    Client idle = client();
    idle.send(get);
    idle.read_until("GET /a ");
    server_->stop();
    EXPECT_EQ(idle.read_to_end(), "") << "an idle connection is closed";
    handler_.release();
    const std::string all = waiting.read_to_end();
    EXPECT_NE(all.find("GET /wait "), std::string::npos);
    EXPECT_NE(all.find("Connection: close"), std::string::npos);
    thread_.join();
}

TEST_F(ServerTest, ACallIsToldWhenItsClientLeaves) {
    start();
    Client leaving = client();
    leaving.send("GET /until-gone HTTP/1.1\r\nHost: x\r\n\r\n");
    handler_.wait_until_waiting(1);
    leaving.close();
    handler_.wait_until_released();
}

TEST_F(ServerTest, ACallWhoseClientStaysGoesOnAsBefore) {
    start();
    handler_.release();
    Client staying = client();
    for (int i = 0; i < 3; ++i) {
        staying.send("GET /until-gone HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_TRUE(staying.read_until("GET /until-gone ").starts_with("HTTP/1.1 200 "));
    }
}

TEST_F(ServerTest, TwoServersCannotShareAPort) {
    start();
    const auto second = Server::create(handler_, {}).value();
    EXPECT_FALSE(second->listen("127.0.0.1", server_->port()));
}

TEST_F(ServerTest, RandomBytesNeverHurt) {
    start();
    unsigned state = 12345;
    for (int i = 0; i < 200; ++i) {
        std::string bytes;
        for (int j = 0; j < 200; ++j) {
            state = state * 1664525 + 1013904223;
            bytes += static_cast<char>(state >> 24);
        }
        Client one = client();
        one.send(bytes + "\r\n\r\n");
        const std::string all = one.read_to_end();
        ASSERT_TRUE(all.empty() || all.starts_with("HTTP/1.1 4") || all.starts_with("HTTP/1.1 5")) << all;
    }
}

}  // namespace
}  // namespace hutch::http
