#include "manager/http/server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

namespace hutch::http {

namespace {

using std::chrono::steady_clock;
using Phase = Connection::Phase;

constexpr int listen_backlog = 1024;
constexpr std::size_t piece_bytes = 16 * 1024;
/// How often expired connections are looked for, in milliseconds.
constexpr int sweep_interval_ms = 500;
/// Descriptors kept free for everything else in the process.
constexpr rlim_t reserved_descriptors = 256;

/// No more connections than this process may have descriptors for.
std::size_t allowed_connections(std::size_t wanted) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
    const rlim_t most = limit.rlim_cur > 2 * reserved_descriptors ? limit.rlim_cur - reserved_descriptors
                                                                  : limit.rlim_cur / 2;
    if (wanted <= most) return wanted;
    spdlog::warn("at most {} HTTP connections instead of {}: this process may open {} files (ulimit -n)",
                 most, wanted, limit.rlim_cur);
    return most;
}

}  // namespace

Server::Server(Handler& handler, ServerOptions options, sys::UniqueFd poll, sys::UniqueFd wake)
    : handler_(handler),
      options_(std::move(options)),
      poll_(std::move(poll)),
      wake_(std::move(wake)),
      workers_(std::make_unique<WorkerPool>(options_.max_threads)) {}

Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::create(Handler& handler, ServerOptions options) {
    options.max_connections = allowed_connections(options.max_connections);
    sys::UniqueFd poll(::epoll_create1(EPOLL_CLOEXEC));
    if (!poll) return fail_errno("epoll_create1", errno);
    sys::UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake) return fail_errno("eventfd", errno);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = wake.get();
    if (::epoll_ctl(poll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0)
        return fail_errno("epoll_ctl", errno);
    return std::unique_ptr<Server>(new Server(handler, std::move(options), std::move(poll), std::move(wake)));
}

Result<void> Server::listen(const std::string& host, int port) {
    HUTCH_TRY(listener_, sys::listen_tcp(host, port, listen_backlog));
    HUTCH_TRY(port_, sys::local_port(listener_));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = listener_.get();
    if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, listener_.get(), &event) != 0)
        return fail_errno("epoll_ctl", errno);
    return {};
}

void Server::stop() {
    stopping_ = true;
    const std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);
}

void Server::serve() {
    std::array<epoll_event, 64> events{};
    while (!stopping_ || working_ > 0 || is_writing()) {
        const int count =
            ::epoll_wait(poll_.get(), events.data(), static_cast<int>(events.size()), sweep_interval_ms);
        if (stopping_) {
            listener_.reset();
            drop_waiting();
        }
        for (int i = 0; i < count; ++i) {
            const int fd = events[static_cast<std::size_t>(i)].data.fd;
            if (fd == wake_.get()) {
                std::uint64_t ignored = 0;
                (void)!::read(wake_.get(), &ignored, sizeof ignored);
            } else if (listener_ && fd == listener_.get()) {
                accept_all();
            } else {
                on_event(fd);
            }
        }
        take_back();
        drop_expired(steady_clock::now());
    }
    waiting_.clear();
}

bool Server::is_writing() const {
    return std::any_of(waiting_.begin(), waiting_.end(),
                       [](const auto& entry) { return entry.second->phase == Phase::writing; });
}

void Server::accept_all() {
    for (;;) {
        auto accepted = sys::accept_tcp(listener_);
        if (!accepted) {
            // Out of descriptors or memory. The listener would report itself again at once, so it rests until
            // the next sweep.
            spdlog::error("{}", accepted.error().message);
            (void)::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, listener_.get(), nullptr);
            accepting_ = false;
            return;
        }
        if (!*accepted) return;
        if (waiting_.size() + working_ >= options_.max_connections) continue;  // closed by its destructor
        auto connection = std::make_unique<Connection>();
        connection->socket = std::move((*accepted)->socket);
        connection->address = std::move((*accepted)->address);
        wait_for(std::move(connection));
    }
}

void Server::set_interest(int operation, const Connection& connection) {
    epoll_event event{};
    event.events = connection.phase == Phase::writing ? EPOLLOUT : EPOLLIN;
    event.data.fd = connection.socket.get();
    // Only a lack of memory can make this fail; the deadline ends the connection then.
    if (::epoll_ctl(poll_.get(), operation, connection.socket.get(), &event) != 0) {
        spdlog::error("epoll_ctl: {}", std::generic_category().message(errno));
    }
}

void Server::wait_for_request(Connection& connection) {
    const bool begun = !connection.input.empty() || connection.head;
    connection.phase = begun ? Phase::request : Phase::idle;
    connection.deadline = steady_clock::now() + (begun ? options_.patience.request : options_.patience.idle);
}

void Server::begin_lingering(Connection& connection) {
    // Closing with unread bytes would reset the connection, and the client might lose our answer.
    sys::shut_down_writing(connection.socket);
    connection.phase = Phase::lingering;
    connection.deadline = steady_clock::now() + options_.patience.linger;
}

void Server::wait_for(std::unique_ptr<Connection> connection) {
    if (connection->phase == Phase::idle || connection->phase == Phase::request)
        wait_for_request(*connection);
    set_interest(EPOLL_CTL_ADD, *connection);
    const int fd = connection->socket.get();
    waiting_[fd] = std::move(connection);
}

void Server::drop(int fd) {
    waiting_.erase(fd);
}

void Server::on_event(int fd) {
    const auto found = waiting_.find(fd);
    if (found == waiting_.end()) return on_gone(fd);
    Connection& connection = *found->second;
    switch (connection.phase) {
        case Phase::idle:
        case Phase::request:
            return receive_request(connection);
        case Phase::writing:
            return write_answer(connection);
        case Phase::lingering:
            return discard_input(connection);
    }
}

void Server::receive_request(Connection& connection) {
    const int fd = connection.socket.get();
    const sys::Transfer received = sys::receive_some(connection.socket, connection.input, piece_bytes);
    if (received.outcome == sys::Transfer::Outcome::ended) return drop(fd);
    if (received.outcome == sys::Transfer::Outcome::would_block) return;
    if (connection.phase == Phase::idle) wait_for_request(connection);
    if (connection.has_request(options_.max_body_bytes)) dispatch(fd);
}

void Server::discard_input(Connection& connection) {
    connection.input.clear();
    const sys::Transfer received = sys::receive_some(connection.socket, connection.input, piece_bytes);
    if (received.outcome == sys::Transfer::Outcome::ended) drop(connection.socket.get());
}

void Server::write_answer(Connection& connection) {
    const int fd = connection.socket.get();
    switch (connection.send_output()) {
        case Connection::Sending::broken:
            return drop(fd);
        case Connection::Sending::blocked:
            connection.deadline =
                std::min(steady_clock::now() + options_.patience.pause, connection.output_end);
            return;
        case Connection::Sending::done:
            break;
    }
    if (connection.after_output == AfterResponse::close || stopping_) {
        begin_lingering(connection);
    } else {
        wait_for_request(connection);
        if (connection.has_request(options_.max_body_bytes)) return dispatch(fd);
    }
    set_interest(EPOLL_CTL_MOD, connection);
}

void Server::on_gone(int fd) {
    const std::lock_guard lock(watched_mutex_);
    const auto found = watched_.find(fd);
    if (found == watched_.end()) return;  // dropped by an event before this one
    found->second();
    watched_.erase(found);
}

void Server::watch(const Connection& connection, std::function<void()> when_gone) {
    const int fd = connection.socket.get();
    const std::lock_guard lock(watched_mutex_);
    if (!when_gone) {
        watched_.erase(fd);
        (void)::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, fd, nullptr);
        return;
    }
    epoll_event event{};
    event.events = EPOLLRDHUP | EPOLLONESHOT;
    event.data.fd = fd;
    if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) watched_[fd] = std::move(when_gone);
}

void Server::dispatch(int fd) {
    const auto found = waiting_.find(fd);
    (void)::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, fd, nullptr);
    // std::function wants copies, which a connection has none of.
    auto shared = std::make_shared<std::unique_ptr<Connection>>(std::move(found->second));
    waiting_.erase(found);
    ++working_;
    workers_->submit([this, shared] { work(std::move(*shared)); });
}

void Server::take_back() {
    std::vector<std::unique_ptr<Connection>> returned;
    {
        const std::lock_guard lock(returned_mutex_);
        returned.swap(returned_);
    }
    for (auto& connection : returned) {
        --working_;
        const bool waits = connection->phase == Phase::idle || connection->phase == Phase::request;
        if (stopping_ && waits) continue;
        wait_for(std::move(connection));
    }
}

void Server::drop_expired(Instant now) {
    if (!accepting_ && listener_) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = listener_.get();
        accepting_ = ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, listener_.get(), &event) == 0;
    }
    std::erase_if(waiting_, [&](const auto& entry) { return entry.second->deadline <= now; });
}

void Server::drop_waiting() {
    std::erase_if(waiting_, [](const auto& entry) {
        return entry.second->phase == Phase::idle || entry.second->phase == Phase::request;
    });
}

void Server::work(std::unique_ptr<Connection> connection) {
    while (work_on_one(*connection) == Next::another) continue;
    hand_back(std::move(connection));
}

void Server::hand_back(std::unique_ptr<Connection> connection) {
    {
        const std::lock_guard lock(returned_mutex_);
        returned_.push_back(std::move(connection));
    }
    const std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);
}

Server::Next Server::answer(Connection& connection, const Response& response, const Head& head,
                            AfterResponse after) {
    if (!head.keep_alive || stopping_) after = AfterResponse::close;
    const BodyPart body = head.method == "HEAD" ? BodyPart::left_out : BodyPart::sent;
    connection.output = write_response(response, after, body);
    connection.after_output = after;
    auto sending = connection.send_output();
    if (sending == Connection::Sending::blocked) {
        // The client reads slowly; the loop sends the rest, if there is room for it.
        const std::size_t bytes = connection.output.capacity();
        if (waiting_output_ + bytes <= options_.max_waiting_output_bytes) {
            const auto now = steady_clock::now();
            connection.output_share = OutputShare(waiting_output_, bytes);
            connection.output_end = now + options_.patience.transfer;
            connection.deadline = std::min(now + options_.patience.pause, connection.output_end);
            connection.phase = Phase::writing;
            return Next::hand_back;
        }
        sending = Connection::Sending::broken;
    }
    if (sending == Connection::Sending::broken || after == AfterResponse::close) {
        begin_lingering(connection);
        return Next::hand_back;
    }
    connection.phase = Phase::idle;
    return connection.has_request(options_.max_body_bytes) ? Next::another : Next::hand_back;
}

Server::Next Server::work_on_one(Connection& connection) {
    const auto parsed = std::exchange(connection.head, std::nullopt).value();
    if (const auto* refusal = std::get_if<Refusal>(&parsed)) {
        return answer(connection, handler_.refusal(*refusal), {}, AfterResponse::close);
    }
    const Head& head = std::get<Head>(parsed);
    const bool body_is_here = !head.chunked && head.content_length <= connection.input.size();

    const auto call = handler_.begin(
        head,
        {connection.address, body_is_here, [&connection] { return sys::peer_has_closed(connection.socket); },
         [this, &connection](std::function<void()> when_gone) { watch(connection, std::move(when_gone)); }});
    if (const auto refused = call->refuse()) {
        // A body that is here already is skipped; one that is still to come ends the connection.
        if (body_is_here) connection.input.erase(0, head.content_length);
        return answer(connection, *refused, head, body_is_here ? AfterResponse::keep : AfterResponse::close);
    }
    if (!head.chunked && head.content_length > options_.max_body_bytes) {
        return answer(connection, handler_.refusal({413, "the body is too large"}), head,
                      AfterResponse::close);
    }
    if (head.expects_continue && !body_is_here)
        (void)sys::send_some(connection.socket, "HTTP/1.1 100 Continue\r\n\r\n");
    std::string body;
    switch (connection.read_body(head, options_.max_body_bytes, options_.patience, body)) {
        case Connection::BodyOutcome::complete:
            return answer(connection, call->run(std::move(body)), head, AfterResponse::keep);
        case Connection::BodyOutcome::malformed:
            return answer(connection, handler_.refusal({400, "the body's chunks are malformed"}), head,
                          AfterResponse::close);
        case Connection::BodyOutcome::too_large:
            return answer(connection, handler_.refusal({413, "the body is too large"}), head,
                          AfterResponse::close);
        case Connection::BodyOutcome::broken:
            return answer(connection, handler_.refusal({408, "the body did not come in time"}), head,
                          AfterResponse::close);
    }
    return Next::hand_back;
}

}  // namespace hutch::http
