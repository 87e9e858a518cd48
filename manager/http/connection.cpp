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

bool Connection::has_request(std::size_t max_body_bytes) {
    if (!head) {
        const auto length = head_length(input);
        if (!length && input.size() <= max_head_bytes) return false;
        if (!length || *length > max_head_bytes) {
            head = Refusal{431, "the head of the request is too large"};
        } else {
            head = parse_head(std::string_view(input).substr(0, *length));
            input.erase(0, *length);
        }
    }
    const auto* const valid = std::get_if<Head>(&*head);
    if (valid == nullptr || valid->chunked || valid->expects_continue) return true;
    if (valid->content_length > std::min(small_body_bytes, max_body_bytes)) return true;
    return input.size() >= valid->content_length;
}

Connection::Sending Connection::send_output() {
    while (sent < output.size()) {
        const sys::Transfer moved = sys::send_some(socket, std::string_view(output).substr(sent));
        if (moved.outcome == sys::Transfer::Outcome::ended) return Sending::broken;
        if (moved.outcome == sys::Transfer::Outcome::would_block) return Sending::blocked;
        sent += moved.bytes;
    }
    output = {};
    sent = 0;
    output_share = {};
    return Sending::done;
}

bool Connection::receive(Instant end, const Patience& patience, std::size_t most) {
    for (;;) {
        const sys::Transfer received = sys::receive_some(socket, input, most);
        if (received.outcome == sys::Transfer::Outcome::moved) return steady_clock::now() < end;
        if (received.outcome == sys::Transfer::Outcome::ended) return false;
        if (!wait(socket, sys::Direction::read, end, patience)) return false;
    }
}

Connection::BodyOutcome Connection::read_body(const Head& of, std::size_t max_bytes, const Patience& patience,
                                              std::string& body) {
    const Instant end = steady_clock::now() + patience.transfer;
    if (!of.chunked) {
        if (of.content_length > max_bytes) return BodyOutcome::too_large;
        while (input.size() < of.content_length) {
            if (!receive(end, patience, std::min(piece_bytes, of.content_length - input.size())))
                return BodyOutcome::broken;
        }
        if (input.size() == of.content_length) {
            body = std::exchange(input, {});
        } else {
            body = input.substr(0, of.content_length);
            input.erase(0, of.content_length);
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
