#pragma once

// Carries packets between the guest's queues and the connections: host programs that connect and name a port,
// guest programs that connect to a port of the host, and everything that flows after.
//
// What a guest does wrong costs it the connection concerned, at most a reset. Memory is bounded: connections
// by their number, bytes held for slow host programs by Limits::max_buffered, resets for connections that do
// not exist by a small queue that drops the rest. One thread.

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "manager/vsock_device/connection_table.hpp"
#include "manager/vsock_device/packet.hpp"
#include "manager/vsock_device/virtqueue.hpp"

namespace hutch::vsock {

struct Limits {
    /// Connections at once, both directions together.
    std::size_t max_connections = 1024;
    /// Bytes that all connections hold together for host programs that do not read; a connection beyond is
    /// reset.
    std::size_t max_buffered = std::size_t{64} * 1024 * 1024;
    /// For a host program to send its CONNECT line.
    std::chrono::milliseconds line_deadline{5'000};
    /// For the guest to accept or refuse.
    std::chrono::milliseconds answer_deadline{20'000};
    /// For the guest to reset a connection that the host's side has closed; Linux waits 8 s in the same
    /// place.
    std::chrono::milliseconds closing_deadline{10'000};
    /// For the host's program to take any byte of what a guest that is done has left.
    std::chrono::milliseconds draining_deadline{60'000};
};

class Muxer {
public:
    using TimePoint = Connection::TimePoint;

    struct Setup {
        std::uint64_t guest_cid = 3;
        std::string
            host_socket_directory;  ///< holds vsock.sock_<port> for each port that guests may connect to
        Limits limits;
        std::uint64_t listener_token =
            0;  ///< for the poller; connections use what lies above it, see token_of()
    };

    /// `listener` accepts host programs; it is added to `poller`, which must outlive this.
    [[nodiscard]] static Result<std::unique_ptr<Muxer>> create(Setup setup, sys::UniqueFd listener,
                                                               Poller& poller, TimePoint now);
    Muxer(const Muxer&) = delete;
    Muxer& operator=(const Muxer&) = delete;

    /// An event of the poller with a connection's token.
    [[nodiscard]] Result<void> connection_event(std::uint64_t token, std::uint32_t events);
    /// The listener is readable.
    [[nodiscard]] Result<void> listener_event();

    /// Takes packets that the guest sent. True when it stopped for the sake of others and more may be there.
    [[nodiscard]] Result<bool> process_transmit(Virtqueue& queue);
    /// Sends the guest what is due as far as it has buffers. True when it ran out of them.
    [[nodiscard]] Result<bool> fill_receive(Virtqueue& queue);
    /// Whether anything is due to the guest.
    [[nodiscard]] bool has_output() const { return !stray_resets_.empty() || table_.has_turns(); }

    /// Tells the time, which ends what is past its deadline.
    void advance(TimePoint now);
    /// How long advance() may wait; none: for ever.
    [[nodiscard]] std::optional<std::chrono::milliseconds> next_deadline() const;

    /// Drops all connections: the guest's side of them is gone.
    void reset();

    [[nodiscard]] std::size_t connections() const { return table_.count(); }
    [[nodiscard]] std::size_t buffered() const { return budget_.used(); }

    /// Connection tokens have this bit; tokens of the poller's other users must not.
    static constexpr std::uint64_t connection_bit = std::uint64_t{1} << 63;

private:
    /// Enough receive buffers of 4 KiB for one 64 KiB turn.
    static constexpr std::size_t max_batch = 20;
    static constexpr std::size_t max_batch_segments = max_batch + max_chain_length;
    static constexpr std::uint32_t turn_bytes = 64 * 1024;

    struct StrayReset {
        ConnectionKey key;
        std::uint64_t source_cid;  ///< what the guest took for its peer
        std::uint16_t type;
    };
    enum class Turn { done, more, starved };

    Muxer(Setup setup, sys::UniqueFd listener, Poller& poller, TimePoint now)
        : setup_(std::move(setup)),
          listener_(std::move(listener)),
          poller_(poller),
          now_(now),
          budget_(setup_.limits.max_buffered),
          table_(setup_.limits.max_connections) {}

    [[nodiscard]] Result<void> handle_packet(const PacketHeader& header, std::span<const iovec> payload,
                                             std::uint64_t bytes);
    [[nodiscard]] Connection::Fate handle_known(std::uint32_t slot, const PacketHeader& header,
                                                std::span<const iovec> payload);
    void connect_to_host(ConnectionKey key, const PacketHeader& header);
    void accept(sys::UniqueFd fd);
    void request(std::uint32_t slot);
    [[nodiscard]] Result<void> settle(std::uint32_t slot, Connection::Fate fate);
    void reset_stray(const StrayReset& reset);
    void remove(std::uint32_t slot);
    void pause_listener();
    void resume_listener();

    [[nodiscard]] Result<Turn> take_turn(std::uint32_t slot, Virtqueue& queue);
    [[nodiscard]] Result<Turn> send_data(Connection& connection, Virtqueue& queue, std::uint32_t limit,
                                         std::uint32_t& sent);
    [[nodiscard]] Result<bool> send_header(const PacketHeader& header, Virtqueue& queue);

    void set_deadline(Connection& connection, std::chrono::milliseconds after);
    [[nodiscard]] std::uint64_t token_of(ConnectionTable::Token token) const {
        return connection_bit | token.packed();
    }
    [[nodiscard]] std::optional<std::uint32_t> free_host_port(std::uint32_t guest_port);

    Setup setup_;
    sys::UniqueFd listener_;
    Poller& poller_;
    TimePoint now_;
    BufferBudget budget_;
    ConnectionTable table_;
    std::vector<StrayReset> stray_resets_;
    std::optional<TimePoint> next_check_;
    std::size_t deadlines_ = 0;
    std::uint32_t last_host_port_ = 0;
    bool listener_paused_ = false;
    std::array<iovec, max_batch_segments> segments_;
};

}  // namespace hutch::vsock
