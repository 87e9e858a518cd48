#include "manager/vsock_device/muxer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/socket.h>

namespace hutch::vsock {

// Theory of operation
//
// Whatever happens to a connection ends in settle(): it is removed, reset, or, when something is due to the
// guest, queued for a turn. Turns are taken in order as long as the guest has receive buffers, each up to
// turn_bytes of payload. Payload is read from the socket directly into several of the guest's buffers with
// one system call; buffers that were not needed go back untouched. Payload from the guest goes from its
// buffers directly to the socket, and only what the socket does not take is copied.
//
// Packets from the guest are always taken, also while it offers no receive buffers: were both sides to wait
// for the other to take replies first, they would wait for ever.

namespace {

// host ports of connections from the host, out of the way of those that programs choose
constexpr std::uint32_t first_host_port = 0x40000000;
constexpr std::uint32_t last_host_port = 0x7fffffff;
// resets for connections that are not there; what does not fit is dropped, and asked for again by the next
// packet
constexpr std::size_t max_stray_resets = 1024;
// packets taken before others get their turn
constexpr int transmit_batch = 256;
// how soon to try again when the host had no descriptor left for a connection
constexpr std::chrono::milliseconds listener_pause{1000};

using Fate = Connection::Fate;

tl::unexpected<Error> vanished() {
    return fail(ErrorKind::guest_failed, "guest_memory_vanished",
                "move bytes between guest memory and a socket: the memory file was cut");
}

tl::unexpected<Error> buffer_too_small() {
    return fail(ErrorKind::guest_failed, "corrupt_ring",
                "send the guest a packet: its receive buffer is too small for a header");
}

// The parts without their first `bytes`, in `storage`.
std::span<iovec> skip(std::span<const iovec> parts, std::size_t bytes, std::span<iovec> storage) {
    std::size_t count = 0;
    for (const iovec& part : parts) {
        const std::size_t skipped = std::min(bytes, part.iov_len);
        bytes -= skipped;
        if (skipped < part.iov_len)
            storage[count++] = {static_cast<std::byte*>(part.iov_base) + skipped, part.iov_len - skipped};
    }
    return storage.first(count);
}

// Shortens the parts to `bytes` in total.
std::span<iovec> limit_to(std::span<iovec> parts, std::size_t bytes) {
    std::size_t count = 0;
    for (; count < parts.size() && bytes > 0; ++count) {
        parts[count].iov_len = std::min(parts[count].iov_len, bytes);
        bytes -= parts[count].iov_len;
    }
    return parts.first(count);
}

void scatter(std::span<const std::byte> bytes, std::span<const iovec> parts) {
    for (const iovec& part : parts) {
        const std::size_t count = std::min(bytes.size(), part.iov_len);
        std::memcpy(part.iov_base, bytes.data(), count);
        bytes = bytes.subspan(count);
        if (bytes.empty()) return;
    }
}

PacketHeader gather_header(std::span<const iovec> parts) {
    PacketHeaderBytes bytes;
    std::size_t filled = 0;
    for (const iovec& part : parts) {
        const std::size_t count = std::min(bytes.size() - filled, part.iov_len);
        copy_in(std::span(bytes).subspan(filled, count), static_cast<const std::byte*>(part.iov_base));
        filled += count;
        if (filled == bytes.size()) break;
    }
    return parse_packet_header(bytes);
}

}  // namespace

Result<std::unique_ptr<Muxer>> Muxer::create(Setup setup, sys::UniqueFd listener, Poller& poller,
                                             TimePoint now) {
    const std::string longest = setup.host_socket_directory + "/vsock.sock_4294967295";
    if (longest.size() >= 108)  // sun_path
        return fail_errno("use host socket directory " + setup.host_socket_directory, ENAMETOOLONG);
    HUTCH_CHECK(poller.add(listener, EPOLLIN, setup.listener_token));
    return std::unique_ptr<Muxer>(new Muxer(std::move(setup), std::move(listener), poller, now));
}

// ---- the host's side

Result<void> Muxer::listener_event() {
    while (!table_.full()) {
        sys::UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (fd) {
            accept(std::move(fd));
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED) continue;
        if (errno == EAGAIN) return {};
        if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
            return fail_errno("accept a host program", errno);
        next_check_ = std::min(next_check_.value_or(TimePoint::max()), now_ + listener_pause);
        break;
    }
    pause_listener();
    return {};
}

void Muxer::accept(sys::UniqueFd fd) {
    const ConnectionTable::Token token = table_.next_token();
    auto connection =
        std::make_unique<Connection>(Connection::State::reading_line, ConnectionKey{},
                                     StreamSocket(std::move(fd)), poller_, token_of(token), budget_);
    // programs mostly send their line at once, which saves waiting for the event
    if (connection->read_line() != Fate::lives) return;
    if (!poller_.add(connection->fd(), EPOLLIN | EPOLLRDHUP | EPOLLET, token_of(token))) return;
    set_deadline(*connection, setup_.limits.line_deadline);
    const bool complete = connection->line_complete();
    table_.add(std::move(connection));
    if (complete) request(token.slot);
}

void Muxer::request(std::uint32_t slot) {
    Connection& connection = *table_.at(slot);
    const std::optional<std::uint32_t> port = free_host_port(connection.named_port());
    if (!port) {
        remove(slot);
        return;
    }
    const ConnectionKey key{connection.named_port(), *port};
    connection.request(key);
    table_.bind(key, slot);
    set_deadline(connection, setup_.limits.answer_deadline);
    table_.queue(slot);
}

std::optional<std::uint32_t> Muxer::free_host_port(std::uint32_t guest_port) {
    for (std::size_t tries = 0; tries <= setup_.limits.max_connections; ++tries) {
        const bool wraps = last_host_port_ < first_host_port || last_host_port_ == last_host_port;
        last_host_port_ = wraps ? first_host_port : last_host_port_ + 1;
        if (!table_.find(ConnectionKey{guest_port, last_host_port_})) return last_host_port_;
    }
    return std::nullopt;
}

Result<void> Muxer::connection_event(std::uint64_t token, std::uint32_t events) {
    const ConnectionTable::Token unpacked = ConnectionTable::Token::unpack(token & ~connection_bit);
    Connection* connection = table_.find(unpacked);
    if (connection == nullptr) return {};
    const bool naming = connection->state() == Connection::State::reading_line;
    const Fate fate = connection->host_event(events);
    if (naming && fate == Fate::lives && connection->line_complete()) {
        request(unpacked.slot);
        return {};
    }
    if (connection->state() == Connection::State::draining && fate == Fate::lives)
        set_deadline(*connection, setup_.limits.draining_deadline);
    return settle(unpacked.slot, fate);
}

Result<void> Muxer::settle(std::uint32_t slot, Fate fate) {
    Connection& connection = *table_.at(slot);
    switch (fate) {
        case Fate::lives:
            if (connection.output_due()) table_.queue(slot);
            return {};
        case Fate::violated:
            reset_stray({connection.key(), host_cid, type_stream});
            remove(slot);
            return {};
        case Fate::ended:
            remove(slot);
            return {};
        case Fate::bad_memory:
            break;
    }
    return vanished();
}

void Muxer::remove(std::uint32_t slot) {
    if (table_.at(slot)->deadline) --deadlines_;
    table_.remove(slot);
    resume_listener();
}

void Muxer::reset() {
    for (std::uint32_t slot = 0; slot < table_.slots(); ++slot)
        if (table_.at(slot) != nullptr) remove(slot);
    stray_resets_.clear();
}

void Muxer::pause_listener() {
    // on failure it is simply asked again
    if (!listener_paused_ && poller_.modify(listener_, 0, setup_.listener_token)) listener_paused_ = true;
}

void Muxer::resume_listener() {
    if (listener_paused_ && poller_.modify(listener_, EPOLLIN, setup_.listener_token))
        listener_paused_ = false;
}

// ---- deadlines

void Muxer::set_deadline(Connection& connection, std::chrono::milliseconds after) {
    if (!connection.deadline) ++deadlines_;
    connection.deadline = now_ + after;
    next_check_ = std::min(next_check_.value_or(TimePoint::max()), *connection.deadline);
}

std::optional<std::chrono::milliseconds> Muxer::next_deadline() const {
    if (!next_check_ || (deadlines_ == 0 && !listener_paused_)) return std::nullopt;
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(*next_check_ - now_),
                    std::chrono::milliseconds(0));
}

void Muxer::advance(TimePoint now) {
    now_ = now;
    if (!next_check_ || now < *next_check_) return;
    next_check_.reset();
    if (!table_.full()) resume_listener();
    for (std::uint32_t slot = 0; slot < table_.slots(); ++slot) {
        Connection* connection = table_.at(slot);
        if (connection == nullptr || !connection->deadline) continue;
        if (*connection->deadline > now) {
            next_check_ = std::min(next_check_.value_or(TimePoint::max()), *connection->deadline);
            continue;
        }
        const Connection::State state = connection->state();
        if (state == Connection::State::closing || connection->awaits_response())
            reset_stray({connection->key(), host_cid, type_stream});
        remove(slot);
    }
}

// ---- packets from the guest

Result<bool> Muxer::process_transmit(Virtqueue& queue) {
    for (int taken = 0; taken < transmit_batch; ++taken) {
        Chain chain;
        HUTCH_TRY(const bool any, queue.pop(segments_, chain));
        if (!any) return false;
        if (chain.bytes >= packet_header_size) {
            const PacketHeader header = gather_header(chain.segments);
            const std::span<const iovec> payload = skip(chain.segments, packet_header_size, segments_);
            HUTCH_CHECK(handle_packet(header, payload, chain.bytes - packet_header_size));
        }
        queue.push(chain.head, 0);
    }
    return true;
}

Result<void> Muxer::handle_packet(const PacketHeader& header, std::span<const iovec> payload,
                                  std::uint64_t bytes) {
    if (header.source_cid != setup_.guest_cid) return {};
    const ConnectionKey key{header.source_port, header.destination_port};
    const auto operation = static_cast<Operation>(header.operation);
    if (header.destination_cid != host_cid || header.type != type_stream) {
        if (operation != Operation::reset) reset_stray({key, header.destination_cid, header.type});
        return {};
    }
    const std::optional<std::uint32_t> slot = table_.find(key);
    if (!slot) {
        if (operation == Operation::request && header.length == 0 && bytes == 0)
            connect_to_host(key, header);
        else if (operation != Operation::reset)
            reset_stray({key, host_cid, header.type});
        return {};
    }
    Fate fate = Fate::violated;
    if (header.length == bytes) fate = handle_known(*slot, header, payload);
    return settle(*slot, fate);
}

Fate Muxer::handle_known(std::uint32_t slot, const PacketHeader& header, std::span<const iovec> payload) {
    Connection& connection = *table_.at(slot);
    const auto operation = static_cast<Operation>(header.operation);
    if (operation != Operation::data && !payload.empty()) return Fate::violated;
    connection.guest_credit(header);
    switch (operation) {
        case Operation::response:
            if (!connection.awaits_response()) return Fate::violated;
            connection.deadline.reset();
            --deadlines_;
            return connection.opened_by_guest();
        case Operation::data:
            return connection.deliver(payload, header.length);
        case Operation::credit_update:
            return Fate::lives;
        case Operation::credit_request:
            connection.answer_credit();
            return Fate::lives;
        case Operation::shutdown:
        case Operation::reset: {
            const bool at_once = operation == Operation::reset;
            const Fate fate = at_once ? connection.guest_gone() : connection.guest_shutdown(header.flags);
            const bool gone = fate == Fate::ended || connection.state() == Connection::State::draining;
            if (gone && !at_once) reset_stray({connection.key(), host_cid, type_stream});
            if (gone) table_.unbind(connection.key());
            if (connection.state() == Connection::State::draining)
                set_deadline(connection, setup_.limits.draining_deadline);
            return fate;
        }
        default:
            return Fate::violated;
    }
}

void Muxer::connect_to_host(ConnectionKey key, const PacketHeader& header) {
    const std::string path = setup_.host_socket_directory + "/vsock.sock_" + std::to_string(key.host_port);
    Result<StreamSocket> socket = table_.full() ? fail(ErrorKind::no_capacity, "too_many_connections", "")
                                                : StreamSocket::connect(path);
    if (!socket) {
        reset_stray({key, host_cid, header.type});
        return;
    }
    const ConnectionTable::Token token = table_.next_token();
    auto connection = std::make_unique<Connection>(Connection::State::open, key, std::move(*socket), poller_,
                                                   token_of(token), budget_);
    if (!poller_.add(connection->fd(), EPOLLIN | EPOLLRDHUP | EPOLLET, token_of(token))) {
        reset_stray({key, host_cid, header.type});
        return;
    }
    connection->guest_credit(header);
    table_.add(std::move(connection));
    table_.bind(key, token.slot);
    table_.queue(token.slot);
}

void Muxer::reset_stray(const StrayReset& reset) {
    if (stray_resets_.size() < max_stray_resets) stray_resets_.push_back(reset);
}

// ---- packets to the guest

Result<bool> Muxer::fill_receive(Virtqueue& queue) {
    std::size_t sent = 0;
    for (; sent < stray_resets_.size(); ++sent) {
        const StrayReset& stray = stray_resets_[sent];
        const PacketHeader header{.source_cid = stray.source_cid,
                                  .destination_cid = setup_.guest_cid,
                                  .source_port = stray.key.host_port,
                                  .destination_port = stray.key.guest_port,
                                  .type = stray.type,
                                  .operation = static_cast<std::uint16_t>(Operation::reset)};
        HUTCH_TRY(const bool went, send_header(header, queue));
        if (!went) break;
    }
    stray_resets_.erase(stray_resets_.begin(), stray_resets_.begin() + static_cast<std::ptrdiff_t>(sent));
    if (!stray_resets_.empty()) return true;

    // each connection that is queued now gets one turn; more in the next round, after events were looked at
    for (std::size_t turns = table_.count(); turns > 0; --turns) {
        const std::optional<std::uint32_t> slot = table_.next_turn();
        if (!slot) return false;
        HUTCH_TRY(const Turn turn, take_turn(*slot, queue));
        if (turn == Turn::starved) {
            table_.queue(*slot);
            return true;
        }
        if (turn == Turn::more) table_.queue(*slot);
    }
    return false;
}

Result<Muxer::Turn> Muxer::take_turn(std::uint32_t slot, Virtqueue& queue) {
    Connection& connection = *table_.at(slot);
    std::uint32_t left = turn_bytes;
    for (;;) {
        while (connection.control_due()) {
            // a buffer first: what is due counts as sent once it is taken
            Chain chain;
            HUTCH_TRY(const bool any, queue.pop(segments_, chain));
            if (!any) return Turn::starved;
            if (chain.bytes < packet_header_size) return buffer_too_small();
            const std::optional<Connection::Control> control = connection.take_control();
            scatter(serialise_packet_header(
                        connection.header(control->operation, control->flags, 0, setup_.guest_cid)),
                    chain.segments);
            queue.push(chain.head, packet_header_size);
            if (connection.state() == Connection::State::closing)
                set_deadline(connection, setup_.limits.closing_deadline);
        }
        if (!connection.data_due()) return Turn::done;
        if (left == 0) return Turn::more;
        std::uint32_t sent = 0;
        HUTCH_TRY(const Turn turn, send_data(connection, queue, left, sent));
        if (turn == Turn::starved) return turn;
        left -= sent;
    }
}

Result<Muxer::Turn> Muxer::send_data(Connection& connection, Virtqueue& queue, std::uint32_t limit,
                                     std::uint32_t& sent) {
    struct Buffer {
        Chain chain;
        std::size_t room;
    };
    std::array<Buffer, max_batch> buffers;
    std::array<iovec, max_batch_segments> payload;
    const std::size_t wanted = std::min(limit, connection.send_credit());

    // collect buffers, and the parts of them behind the headers
    std::size_t count = 0;
    std::size_t segments = 0;
    std::size_t parts = 0;
    std::size_t room = 0;
    while (room < wanted && count < max_batch && segments + max_chain_length <= max_batch_segments) {
        HUTCH_TRY(const bool any, queue.pop(std::span(segments_).subspan(segments), buffers[count].chain));
        if (!any) break;
        const Chain& chain = buffers[count].chain;
        if (chain.bytes <= packet_header_size) return buffer_too_small();
        segments += chain.segments.size();
        parts += skip(chain.segments, packet_header_size, std::span(payload).subspan(parts)).size();
        buffers[count].room = chain.bytes - packet_header_size;
        room += buffers[count].room;
        ++count;
    }
    if (count == 0) return Turn::starved;

    const StreamSocket::Transfer transfer =
        connection.read_data(limit_to(std::span(payload).first(parts), wanted));
    if (transfer.status == StreamSocket::Status::bad_memory) return vanished();
    std::size_t used = 0;
    for (std::size_t left = transfer.bytes; left > 0; ++used) {
        const std::size_t length = std::min(left, buffers[used].room);
        left -= length;
        const auto payload_length = static_cast<std::uint32_t>(length);
        scatter(
            serialise_packet_header(connection.header(Operation::data, 0, payload_length, setup_.guest_cid)),
            buffers[used].chain.segments);
        queue.push(buffers[used].chain.head, payload_length + static_cast<std::uint32_t>(packet_header_size));
    }
    queue.rewind(static_cast<std::uint16_t>(count - used));
    sent = static_cast<std::uint32_t>(transfer.bytes);
    return Turn::done;
}

Result<bool> Muxer::send_header(const PacketHeader& header, Virtqueue& queue) {
    Chain chain;
    HUTCH_TRY(const bool any, queue.pop(segments_, chain));
    if (!any) return false;
    if (chain.bytes < packet_header_size) return buffer_too_small();
    scatter(serialise_packet_header(header), chain.segments);
    queue.push(chain.head, packet_header_size);
    return true;
}

}  // namespace hutch::vsock
