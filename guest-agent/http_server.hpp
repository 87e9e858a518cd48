#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>

#include <httplib.h>

#include "common/result.hpp"
#include "common/sys/unique_fd.hpp"

namespace hutch::guest_agent {

/// cpp-httplib's request handling on sockets of our own. Every worker thread accepts connections itself and
/// stays with one until it closes; there is always at least one worker that waits for the next.
class HttpServer final : public httplib::Server {
public:
    static constexpr unsigned max_workers = 96;
    static constexpr std::size_t max_body = std::size_t{16} << 20;

    /// Gives the next connection, or an error that ends the server.
    using Accept = std::function<Result<sys::UniqueFd>()>;

    explicit HttpServer(Accept accept);

    /// Serves from the calling thread and others that it starts. Returns only when accepting fails.
    [[nodiscard]] Result<void> serve();
    /// Starts one more worker, so that the first connection needs not.
    void add_worker();

    /// To be called by a handler: `work` is done by the connection's thread once the answer has been sent.
    static void after_answer(std::function<void()> work);
    /// The socket of the request that the calling thread handles; -1 outside of one.
    [[nodiscard]] static int client_socket();

private:
    [[nodiscard]] Result<void> work();
    void serve_connection(sys::UniqueFd socket);

    Accept accept_;
    std::mutex mutex_;
    unsigned workers_ = 0;
    unsigned idle_ = 0;
};

}  // namespace hutch::guest_agent
