#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "common/sys/tcp_socket.hpp"
#include "manager/http/message.hpp"

namespace hutch::http {

using Instant = std::chrono::steady_clock::time_point;

/// How long a client may take.
struct Patience {
    std::chrono::milliseconds idle{75'000};  ///< between two requests
    std::chrono::milliseconds request{
        15'000};  ///< from a request's first byte to the end of its head and small body
    std::chrono::milliseconds pause{15'000};      ///< within a large body or an answer, without any progress
    std::chrono::milliseconds transfer{300'000};  ///< a whole large body, or a whole answer
    std::chrono::milliseconds linger{2'000};      ///< after our last answer, for the client to close
};

/// A part of the memory that answers may take which their clients are slow to read; given back with its life.
class OutputShare {
public:
    OutputShare() = default;
    OutputShare(std::atomic<std::size_t>& total, std::size_t bytes) : total_(&total), bytes_(bytes) {
        total += bytes;
    }
    OutputShare(OutputShare&& other) noexcept
        : total_(std::exchange(other.total_, nullptr)), bytes_(other.bytes_) {}
    OutputShare& operator=(OutputShare&& other) noexcept {
        std::swap(total_, other.total_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~OutputShare() {
        if (total_ != nullptr) *total_ -= bytes_;
    }

private:
    std::atomic<std::size_t>* total_ = nullptr;
    std::size_t bytes_ = 0;
};

/// One client's connection. Owned by the server's loop while it waits for the client, by a worker during a
/// call; never by both.
struct Connection {
    sys::UniqueFd socket;
    std::string address;  ///< the peer's

    enum class Phase {
        idle,       ///< waits for a request's first byte
        request,    ///< has a part of a request
        writing,    ///< has an answer that the client is slow to read
        lingering,  ///< answered for the last time; what still comes is thrown away until the peer closes
    };
    Phase phase = Phase::idle;
    Instant deadline{};  ///< of the phase

    std::string input;  ///< received and not used yet, what `head` was made from left out
    std::optional<std::variant<Head, Refusal>>
        head;  ///< of the request that is coming in, once it is complete
    /// Whether there is a request to work on: a head that is wrong, one with its small body, or one whose
    /// body a worker reads. Takes the head from `input` when it has become complete.
    [[nodiscard]] bool has_request(std::size_t max_body_bytes);

    std::string output;    ///< the answer
    std::size_t sent = 0;  ///< of `output`
    OutputShare output_share;
    AfterResponse after_output = AfterResponse::keep;
    Instant output_end{};  ///< the latest for all of `output`
    enum class Sending { done, blocked, broken };
    /// Sends what can be sent without blocking.
    [[nodiscard]] Sending send_output();

    enum class BodyOutcome { complete, malformed, too_large, broken };
    /// Reads the body from `input` and the socket; blocks.
    [[nodiscard]] BodyOutcome read_body(const Head& of, std::size_t max_bytes, const Patience& patience,
                                        std::string& body);

private:
    [[nodiscard]] bool receive(Instant end, const Patience& patience, std::size_t most);
};

}  // namespace hutch::http
