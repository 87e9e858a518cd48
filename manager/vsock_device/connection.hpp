#pragma once

// One connection between a socket on the host and a socket in the guest: its state, its credit and what is
// due to the guest. The muxer carries packets to and from it. One thread.

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include <sys/uio.h>

#include "common/result.hpp"
#include "manager/vsock_device/connect_line.hpp"
#include "manager/vsock_device/credit.hpp"
#include "manager/vsock_device/packet.hpp"
#include "manager/vsock_device/poller.hpp"
#include "manager/vsock_device/send_buffer.hpp"
#include "manager/vsock_device/stream_socket.hpp"

namespace hutch::vsock {

/// The two ports that name a connection; the CIDs are the same for all.
struct ConnectionKey {
    std::uint32_t guest_port = 0;
    std::uint32_t host_port = 0;

    [[nodiscard]] std::uint64_t packed() const { return std::uint64_t{guest_port} << 32 | host_port; }
};

class Connection {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    enum class State {
        reading_line,  ///< the host's program has yet to name a port
        requesting,    ///< the guest has yet to answer
        open,          ///< bytes flow; either side may have finished sending
        closing,       ///< the host's side is done and closed, the guest was told and has yet to reset
        draining,      ///< the guest is done and gone, the host's program has yet to take the rest
    };
    /// What became of a step.
    enum class Fate {
        lives,
        ended,      ///< nothing is left to do
        violated,   ///< it cannot go on, by the guest's doing or for want of room: reset it
        bad_memory  ///< guest memory has vanished: nothing can go on
    };
    /// A packet without payload that is due.
    struct Control {
        Operation operation;
        std::uint32_t flags;
    };

    /// `token` is what `poller` reports for the socket. Poller and budget must outlive the connection.
    Connection(State state, ConnectionKey key, StreamSocket socket, Poller& poller, std::uint64_t token,
               BufferBudget& budget)
        : state_(state),
          key_(key),
          socket_(std::move(socket)),
          poller_(poller),
          token_(token),
          buffer_(budget) {}

    /// Reads the line of State::reading_line as far as it is there; complete once port() is known. `ended`:
    /// malformed or gone.
    [[nodiscard]] Fate read_line();
    [[nodiscard]] bool line_complete() const { return line_state_ == ConnectLine::State::complete; }
    [[nodiscard]] std::uint32_t named_port() const { return line_.port(); }
    /// To State::requesting, under the ports of `key`.
    void request(ConnectionKey key);
    /// To State::open: the guest has accepted. Answers the host's program with "OK <host port>\n".
    [[nodiscard]] Fate opened_by_guest();

    /// Takes note of epoll's `events` for the socket.
    [[nodiscard]] Fate host_event(std::uint32_t events);
    /// Payload from the guest.
    [[nodiscard]] Fate deliver(std::span<const iovec> payload, std::uint32_t length);
    /// The guest will not send, not receive, or neither.
    [[nodiscard]] Fate guest_shutdown(std::uint32_t flags);
    /// The guest is done with the connection at once. `ended` unless bytes are left for the host's program.
    [[nodiscard]] Fate guest_gone();
    void guest_credit(const PacketHeader& header);
    /// The guest wants to hear our credit.
    void answer_credit() { credit_answer_due_ = true; }

    /// The next packet without payload that is due, marked as sent.
    [[nodiscard]] std::optional<Control> take_control();
    [[nodiscard]] bool control_due() const;
    /// Whether reading the socket may yield payload that the guest takes.
    [[nodiscard]] bool data_due() const;
    /// Reads payload for the guest into `parts`, at most as much as the guest's credit allows.
    [[nodiscard]] StreamSocket::Transfer read_data(std::span<iovec> parts);
    /// Whether anything is due to the guest.
    [[nodiscard]] bool output_due() const { return control_due() || data_due(); }
    /// A header of this connection; the guest learns our credit by it.
    [[nodiscard]] PacketHeader header(Operation operation, std::uint32_t flags, std::uint32_t length,
                                      std::uint64_t guest_cid);

    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] ConnectionKey key() const { return key_; }
    [[nodiscard]] std::uint32_t send_credit() const { return credit_.available(); }
    /// The guest was asked to open the connection and has yet to answer.
    [[nodiscard]] bool awaits_response() const { return state_ == State::requesting && !answer_due_; }
    [[nodiscard]] const sys::UniqueFd& fd() const { return socket_.fd(); }

    /// Kept by the muxer: when to give up, and whether it waits for its turn to send to the guest.
    std::optional<TimePoint> deadline;
    bool queued = false;
    std::uint32_t next_queued = 0;

private:
    [[nodiscard]] Fate flush();
    void host_stops_receiving();
    void watch_writable(std::uint32_t events);
    [[nodiscard]] std::uint32_t shutdown_due() const;
    [[nodiscard]] bool credit_request_due() const;

    State state_;
    ConnectionKey key_;
    StreamSocket socket_;
    Poller& poller_;
    std::uint64_t token_;
    ConnectLine line_;
    ConnectLine::State line_state_ = ConnectLine::State::incomplete;
    SendCredit credit_;
    ReceiveWindow window_;
    SendBuffer buffer_;
    std::uint32_t watched_ = 0;         ///< EPOLLOUT while the buffer waits
    std::uint32_t shutdown_sent_ = 0;   ///< flags that the guest was told
    std::uint32_t guest_shutdown_ = 0;  ///< flags that the guest told us
    bool answer_due_ = true;            ///< the request or the response has yet to go to the guest
    bool readable_ = false;             ///< the socket may have bytes or its end to read
    bool end_ahead_ = false;  ///< epoll has told of the end, which comes once, maybe before bytes are read
    bool host_done_sending_ = false;
    bool host_done_receiving_ = false;
    bool credit_answer_due_ = false;  ///< the guest asked for our credit
    bool credit_requested_ = false;   ///< since the guest's credit ran out
};

}  // namespace hutch::vsock
