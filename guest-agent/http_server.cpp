#include "guest-agent/http_server.hpp"

#include <thread>
#include <vector>

#include <signal.h>

#include "guest-agent/connection_stream.hpp"

namespace hutch::guest_agent {

namespace {

/// The request that a thread handles. Handlers get no other way to their connection from cpp-httplib.
struct Exchange {
    int socket = -1;
    std::vector<std::function<void()>> afterwards;
};

thread_local Exchange exchange;

constexpr unsigned max_idle = 2;

}  // namespace

HttpServer::HttpServer(Accept accept) : accept_(std::move(accept)) {
    // The base class ignores SIGPIPE, and what a process ignores, the programs it executes ignore too. Our
    // sends don't raise it.
    ::signal(SIGPIPE, SIG_DFL);
    set_payload_max_length(max_body);
    // cpp-httplib gives up a kept-alive connection after a count; ours lives as long as the host wants.
    set_keep_alive_max_count(1'000'000);
}

void HttpServer::after_answer(std::function<void()> work) {
    exchange.afterwards.push_back(std::move(work));
}

int HttpServer::client_socket() {
    return exchange.socket;
}

void HttpServer::add_worker() {
    {
        const std::lock_guard lock(mutex_);
        if (workers_ >= max_workers) return;
        ++workers_;
    }
    std::thread([this] { (void)work(); }).detach();
}

Result<void> HttpServer::serve() {
    {
        const std::lock_guard lock(mutex_);
        ++workers_;
    }
    for (;;) HUTCH_CHECK(work());
}

Result<void> HttpServer::work() {
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            if (idle_ >= max_idle) {
                --workers_;
                return {};
            }
            ++idle_;
        }
        auto socket = accept_();
        bool alone = false;
        {
            const std::lock_guard lock(mutex_);
            alone = --idle_ == 0;
        }
        HUTCH_TRY(sys::UniqueFd connection, std::move(socket));
        if (alone) add_worker();
        serve_connection(std::move(connection));
    }
}

void HttpServer::serve_connection(sys::UniqueFd socket) {
    exchange.socket = socket.get();
    ConnectionStream stream(std::move(socket));
    bool closed = false;
    while (!closed && stream.wait_for_request()) {
        if (!process_request(stream, "", 0, "", 0, false, closed, nullptr)) closed = true;
        for (const auto& work : std::exchange(exchange.afterwards, {})) work();
    }
    exchange.socket = -1;
}

}  // namespace hutch::guest_agent
