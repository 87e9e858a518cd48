#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/sys/tcp_socket.hpp"
#include "manager/http/message.hpp"

namespace hutch::http {

using Instant = std::chrono::steady_clock::time_point;

/// How long a client may take.
struct Patience {
    std::chrono::milliseconds idle{75'000};       ///< between two requests
    std::chrono::milliseconds head{10'000};       ///< from a head's first byte to its last
    std::chrono::milliseconds pause{15'000};      ///< within a body or an answer, without any progress
    std::chrono::milliseconds transfer{300'000};  ///< a whole body, or a whole answer
    std::chrono::milliseconds linger{2'000};      ///< after our last answer, for the client to close
};

/// One client's connection. Owned by the server's loop while it waits, by a worker during a call; never by
/// both.
struct Connection {
    sys::UniqueFd socket;
    std::string address;  ///< the peer's
    std::string input;    ///< received and not used yet

    enum class Phase {
        idle,       ///< waits for a request's first byte
        head,       ///< has a part of a head
        lingering,  ///< answered for the last time; what still comes is thrown away until the peer closes
    };
    Phase phase = Phase::idle;
    Instant deadline{};  ///< of the phase

    /// Sends everything, waiting as long as `patience` allows. False: the connection is of no more use.
    [[nodiscard]] bool send(std::string_view bytes, const Patience& patience);

    enum class BodyOutcome { complete, malformed, too_large, broken };
    /// Reads the head's body from `input` and the socket.
    [[nodiscard]] BodyOutcome read_body(const Head& head, std::size_t max_bytes, const Patience& patience,
                                        std::string& body);

private:
    [[nodiscard]] bool receive(Instant end, const Patience& patience, std::size_t most);
};

}  // namespace hutch::http
