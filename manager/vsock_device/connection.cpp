#include "manager/vsock_device/connection.hpp"

#include <array>
#include <charconv>
#include <cstring>

#include <sys/socket.h>

namespace hutch::vsock {

// Theory of operation
//
// The socket is watched edge-triggered for reading: readable_ remembers an edge until a read says that
// nothing is left. It is read only while the guest has credit, so a slow guest program fills the socket's
// buffer in the kernel and then stops the host's program. It is watched for writing only while buffer_ holds
// bytes, since each read by the host's program would wake the device otherwise.
//
// Each side ends in two halves. What the host's side has finished (host_done_…) goes to the guest as SHUTDOWN
// flags, once; after both the socket is closed and the connection waits for the guest's reset (closing). What
// the guest has finished (guest_shutdown_) goes to the socket once the buffer is empty; after both the guest
// gets a reset at once, and bytes still held are brought to the host's program without it (draining).

Connection::Fate Connection::read_line() {
    std::array<char, ConnectLine::max_length> bytes;
    for (;;) {
        const std::span<char> room = std::span(bytes).first(line_.room());
        const StreamSocket::Transfer peeked = socket_.peek(room);
        if (peeked.status == StreamSocket::Status::would_block) return Fate::lives;
        if (peeked.status != StreamSocket::Status::moved) return Fate::ended;
        std::size_t taken = 0;
        line_state_ = line_.add({bytes.data(), peeked.bytes}, taken);
        iovec part{bytes.data(), taken};
        if (socket_.read(std::span(&part, 1)).bytes != taken) return Fate::ended;
        if (line_state_ == ConnectLine::State::malformed) return Fate::ended;
        if (line_state_ == ConnectLine::State::complete) {
            readable_ = peeked.bytes > taken || peeked.bytes == room.size();  // bytes follow, or may
            return Fate::lives;
        }
    }
}

void Connection::request(ConnectionKey key) {
    key_ = key;
    state_ = State::requesting;
}

Connection::Fate Connection::opened_by_guest() {
    state_ = State::open;
    std::array<char, 16> text{'O', 'K', ' '};
    char* end = std::to_chars(text.data() + 3, text.data() + text.size() - 1, key_.host_port).ptr;
    *end++ = '\n';
    const auto length = static_cast<std::size_t>(end - text.data());
    const iovec part{text.data(), length};
    if (socket_.write(std::span(&part, 1)).bytes != length) host_stops_receiving();
    return Fate::lives;
}

Connection::Fate Connection::host_event(std::uint32_t events) {
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) end_ahead_ = true;
    const bool gone = (events & (EPOLLHUP | EPOLLERR)) != 0;
    switch (state_) {
        case State::reading_line:
            return read_line();
        case State::requesting:
            if (!gone) return Fate::lives;
            return answer_due_ ? Fate::ended
                               : Fate::violated;  // nobody waits any more: the guest is told if it was asked
        case State::open:
            if (gone) host_stops_receiving();
            return (events & EPOLLOUT) != 0 ? flush() : Fate::lives;
        case State::draining:
            if (gone) return Fate::ended;
            return (events & EPOLLOUT) != 0 ? flush() : Fate::lives;
        case State::closing:
            return Fate::lives;
    }
    return Fate::lives;
}

void Connection::host_stops_receiving() {
    host_done_receiving_ = true;
    window_.forward(static_cast<std::uint32_t>(buffer_.size()));
    buffer_.clear();
}

void Connection::watch_writable(std::uint32_t events) {
    if (watched_ == events) return;
    watched_ = events;
    // modifying a registered descriptor fails only for want of kernel memory; the connection then ends by its
    // deadline
    static_cast<void>(poller_.modify(socket_.fd(), EPOLLIN | EPOLLRDHUP | EPOLLET | events, token_));
}

Connection::Fate Connection::deliver(std::span<const iovec> payload, std::uint32_t length) {
    if (state_ == State::closing) return Fate::lives;
    if (state_ != State::open || (guest_shutdown_ & shutdown_send) != 0 || !window_.accept(length))
        return Fate::violated;
    if (host_done_receiving_) {
        window_.forward(length);
        return Fate::lives;
    }
    std::size_t written = 0;
    if (buffer_.empty()) {
        const StreamSocket::Transfer transfer = socket_.write(payload);
        if (transfer.status == StreamSocket::Status::bad_memory) return Fate::bad_memory;
        if (transfer.status == StreamSocket::Status::ended) {
            host_stops_receiving();
            window_.forward(length);
            return Fate::lives;
        }
        written = transfer.bytes;
        window_.forward(static_cast<std::uint32_t>(written));
        if (written == length) {
            window_.taken_at_once(length);
            return Fate::lives;
        }
    }
    window_.stalled();
    if (!buffer_.append(payload, written)) return Fate::violated;
    watch_writable(EPOLLOUT);
    return Fate::lives;
}

Connection::Fate Connection::flush() {
    while (!buffer_.empty()) {
        const std::array<iovec, 2> contents = buffer_.contents();
        const StreamSocket::Transfer transfer = socket_.write(contents);
        if (transfer.status == StreamSocket::Status::would_block) return Fate::lives;
        if (transfer.status != StreamSocket::Status::moved) {
            host_stops_receiving();
            break;
        }
        buffer_.consume(transfer.bytes);
        window_.forward(static_cast<std::uint32_t>(transfer.bytes));
    }
    if (state_ == State::draining) return Fate::ended;
    watch_writable(0);
    if ((guest_shutdown_ & shutdown_send) != 0) socket_.shutdown(SHUT_WR);
    return Fate::lives;
}

Connection::Fate Connection::guest_shutdown(std::uint32_t flags) {
    if ((flags & ~shutdown_both) != 0) return Fate::violated;
    guest_shutdown_ |= flags;
    if (guest_shutdown_ == shutdown_both) return guest_gone();
    if (state_ == State::closing) return Fate::lives;
    if (state_ != State::open) return Fate::violated;
    if ((guest_shutdown_ & shutdown_send) != 0 && buffer_.empty()) socket_.shutdown(SHUT_WR);
    if ((guest_shutdown_ & shutdown_receive) != 0) {
        socket_.shutdown(SHUT_RD);
        host_done_sending_ = true;
    }
    return Fate::lives;
}

Connection::Fate Connection::guest_gone() {
    if (state_ != State::open || buffer_.empty()) return Fate::ended;
    state_ = State::draining;
    socket_.shutdown(SHUT_RD);
    return Fate::lives;
}

void Connection::guest_credit(const PacketHeader& header) {
    credit_.update(header.buffer_allocation, header.forwarded_count);
    if (credit_.available() > 0) credit_requested_ = false;
}

std::uint32_t Connection::shutdown_due() const {
    if (state_ != State::open || answer_due_) return 0;
    const std::uint32_t done =
        (host_done_sending_ ? shutdown_send : 0) | (host_done_receiving_ ? shutdown_receive : 0);
    const std::uint32_t due = done & ~shutdown_sent_;
    // a host program that closed everything is told in one packet, after its last bytes
    return due == shutdown_receive && data_due() ? 0 : due;
}

bool Connection::credit_request_due() const {
    return state_ == State::open && !answer_due_ && readable_ && !host_done_sending_ && !credit_requested_ &&
           credit_.available() == 0;
}

bool Connection::control_due() const {
    switch (state_) {
        case State::requesting:
            return answer_due_;
        case State::open:
            return answer_due_ || shutdown_due() != 0 || credit_request_due() || credit_answer_due_ ||
                   (window_.update_due() && (guest_shutdown_ & shutdown_send) == 0);
        default:
            return false;
    }
}

std::optional<Connection::Control> Connection::take_control() {
    if (!control_due()) return std::nullopt;
    if (answer_due_) {
        answer_due_ = false;
        return Control{state_ == State::requesting ? Operation::request : Operation::response, 0};
    }
    if (const std::uint32_t flags = shutdown_due(); flags != 0) {
        shutdown_sent_ |= flags;
        if (shutdown_sent_ == shutdown_both) {
            socket_.close();
            state_ = State::closing;
        }
        return Control{Operation::shutdown, shutdown_sent_};
    }
    if (credit_request_due()) {
        credit_requested_ = true;
        return Control{Operation::credit_request, 0};
    }
    credit_answer_due_ = false;
    return Control{Operation::credit_update, 0};
}

bool Connection::data_due() const {
    return state_ == State::open && !answer_due_ && readable_ && !host_done_sending_ &&
           credit_.available() > 0;
}

StreamSocket::Transfer Connection::read_data(std::span<iovec> parts) {
    const StreamSocket::Transfer transfer = socket_.read(parts);
    if (transfer.status == StreamSocket::Status::ended) host_done_sending_ = true;
    if (transfer.status != StreamSocket::Status::moved || (transfer.drained && !end_ahead_))
        readable_ = false;
    credit_.spend(static_cast<std::uint32_t>(transfer.bytes));
    return transfer;
}

PacketHeader Connection::header(Operation operation, std::uint32_t flags, std::uint32_t length,
                                std::uint64_t guest_cid) {
    const ReceiveWindow::Advertisement ours = window_.advertise();
    return {.source_cid = host_cid,
            .destination_cid = guest_cid,
            .source_port = key_.host_port,
            .destination_port = key_.guest_port,
            .length = length,
            .operation = static_cast<std::uint16_t>(operation),
            .flags = flags,
            .buffer_allocation = ours.buffer_allocation,
            .forwarded_count = ours.forwarded_count};
}

}  // namespace hutch::vsock
