#include "manager/http/connection.hpp"

#include <algorithm>

namespace hutch::http {

namespace {

using std::chrono::steady_clock;

constexpr std::size_t piece_bytes = std::size_t{64} * 1024;

/// Waits for the socket, at most a pause and at most until `end`.
bool wait(const sys::UniqueFd& socket, sys::Direction direction, Instant end, const Patience& patience) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - steady_clock::now());
    if (left.count() <= 0) return false;
    return sys::wait_ready(socket, direction, std::min(left, patience.pause));
}

}  // namespace

bool Connection::send(std::string_view bytes, const Patience& patience) {
    const Instant end = steady_clock::now() + patience.transfer;
    while (!bytes.empty()) {
        const sys::Transfer sent = sys::send_some(socket, bytes);
        if (sent.outcome == sys::Transfer::Outcome::ended) return false;
        if (sent.outcome == sys::Transfer::Outcome::would_block) {
            if (!wait(socket, sys::Direction::write, end, patience)) return false;
            continue;
        }
        bytes.remove_prefix(sent.bytes);
        if (!bytes.empty() && steady_clock::now() >= end) return false;
    }
    return true;
}

bool Connection::receive(Instant end, const Patience& patience, std::size_t most) {
    for (;;) {
        const sys::Transfer received = sys::receive_some(socket, input, most);
        if (received.outcome == sys::Transfer::Outcome::moved) return steady_clock::now() < end;
        if (received.outcome == sys::Transfer::Outcome::ended) return false;
        if (!wait(socket, sys::Direction::read, end, patience)) return false;
    }
}

Connection::BodyOutcome Connection::read_body(const Head& head, std::size_t max_bytes,
                                              const Patience& patience, std::string& body) {
    const Instant end = steady_clock::now() + patience.transfer;
    if (!head.chunked) {
        if (head.content_length > max_bytes) return BodyOutcome::too_large;
        while (input.size() < head.content_length) {
            if (!receive(end, patience, std::min(piece_bytes, head.content_length - input.size())))
                return BodyOutcome::broken;
        }
        if (input.size() == head.content_length) {
            body = std::exchange(input, {});
        } else {
            body = input.substr(0, head.content_length);
            input.erase(0, head.content_length);
        }
        return BodyOutcome::complete;
    }
    ChunkedDecoder decoder(max_bytes);
    for (;;) {
        switch (decoder.decode(input, body)) {
            case ChunkedDecoder::Status::done:
                return BodyOutcome::complete;
            case ChunkedDecoder::Status::malformed:
                return BodyOutcome::malformed;
            case ChunkedDecoder::Status::too_large:
                return BodyOutcome::too_large;
            case ChunkedDecoder::Status::needs_more:
                break;
        }
        if (!receive(end, patience, piece_bytes)) return BodyOutcome::broken;
    }
}

}  // namespace hutch::http
