#pragma once

// An HTTP/1.1 server for an API whose calls may block for minutes.
//
// Theory of operation: one thread (serve) waits with epoll for every connection whose client has to do
// something: send a request, or read an answer. So a client that is idle, or sends or reads a byte at a time,
// costs a descriptor and no thread. A connection with a whole request is handed to a worker, which asks the
// handler whether the call may go on, runs it, sends what the socket takes of the answer, and hands the
// connection back. Only a large body is read by the worker itself, when the handler has let the call in. A
// connection belongs to the loop or to one worker, never to both.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/result.hpp"
#include "common/sys/unique_fd.hpp"
#include "manager/http/connection.hpp"
#include "manager/http/message.hpp"
#include "manager/http/worker_pool.hpp"

namespace hutch::http {

/// Whoever knows what calls mean. Called by workers, many at once; never throws.
class Handler {
public:
    /// One call.
    class Call {
    public:
        virtual ~Call() = default;
        /// By the head alone: an answer, when the body need not be read.
        [[nodiscard]] virtual std::optional<Response> refuse() = 0;
        [[nodiscard]] virtual Response run(std::string body) = 0;
    };
    struct Client {
        std::string address;
        bool body_is_here = true;  ///< all of it; else it is read after refuse(), by the thread of the call
        std::function<bool()> is_gone;  ///< whether it has closed its side; while the call runs
        /// Sets what to do, once and from the server's thread, when it closes its side during the call; an
        /// empty function takes that back, and returns when it is certain not to run any more. It must be
        /// quick.
        std::function<void(std::function<void()>)> when_gone;
    };

    virtual ~Handler() = default;
    [[nodiscard]] virtual std::unique_ptr<Call> begin(Head head, Client client) = 0;
    /// The answer to what is not a valid request.
    [[nodiscard]] virtual Response refusal(const Refusal& reason) = 0;
};

struct ServerOptions {
    std::size_t max_threads = 512;
    std::size_t max_connections = 16'384;
    std::size_t max_body_bytes = 16 * 1024 * 1024;
    std::size_t max_waiting_output_bytes =
        256 * 1024 * 1024;  ///< of all answers that clients are slow to read
    Patience patience;
};

class Server {
public:
    /// `handler` must outlive it.
    [[nodiscard]] static Result<std::unique_ptr<Server>> create(Handler& handler, ServerOptions options);
    ~Server();

    /// Binds and listens, once, before serve(). Port 0: any free one.
    [[nodiscard]] Result<void> listen(const std::string& host, int port);
    [[nodiscard]] int port() const { return port_; }

    /// Serves until stop(); returns when the calls that were being worked on are answered.
    void serve();
    /// From any thread or a signal handler: no new connections and calls; serve() ends.
    void stop();

private:
    Server(Handler& handler, ServerOptions options, sys::UniqueFd poll, sys::UniqueFd wake);

    // The loop's:
    void accept_all();
    void on_event(int fd);
    void receive_request(Connection& connection);
    void discard_input(Connection& connection);
    void write_answer(Connection& connection);
    void begin_lingering(Connection& connection);
    void wait_for_request(Connection& connection);
    void set_interest(int operation, const Connection& connection);
    [[nodiscard]] bool is_writing() const;
    void on_gone(int fd);
    void dispatch(int fd);
    void take_back();
    void drop(int fd);
    void wait_for(std::unique_ptr<Connection> connection);
    void drop_expired(Instant now);
    void drop_waiting();

    // A worker's:
    void watch(const Connection& connection, std::function<void()> when_gone);
    void work(std::unique_ptr<Connection> connection);
    enum class Next { another, hand_back };
    [[nodiscard]] Next work_on_one(Connection& connection);
    [[nodiscard]] Next answer(Connection& connection, const Response& response, const Head& head,
                              AfterResponse after);
    void hand_back(std::unique_ptr<Connection> connection);

    Handler& handler_;
    const ServerOptions options_;
    std::atomic<std::size_t> waiting_output_{
        0};               ///< bytes; before the connections, which give back their share
    sys::UniqueFd poll_;  ///< epoll
    sys::UniqueFd wake_;  ///< eventfd
    sys::UniqueFd listener_;
    int port_ = 0;
    bool accepting_ = true;  ///< the loop's: false while descriptors are short
    std::unordered_map<int, std::unique_ptr<Connection>> waiting_;  ///< the loop's, by descriptor
    std::atomic<bool> stopping_{false};
    std::atomic<std::size_t> working_{0};  ///< connections that workers have, or that wait in `returned_`
    std::mutex returned_mutex_;
    std::vector<std::unique_ptr<Connection>> returned_;  ///< guarded by returned_mutex_
    std::mutex watched_mutex_;                           ///< held while one of them runs
    std::unordered_map<int, std::function<void()>>
        watched_;  ///< by descriptor, of connections that workers have; guarded by watched_mutex_
    std::unique_ptr<WorkerPool> workers_;  ///< last: its threads use all of the above
};

}  // namespace hutch::http
