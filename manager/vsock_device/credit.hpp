#pragma once

// Credit flow control of virtio-vsock, one direction each. Every count is a number of payload bytes modulo
// 2³². One thread.

#include <cstdint>

namespace hutch::vsock {

/// What the guest lets us send: its buffer less what is on its way to the guest's program.
class SendCredit {
public:
    /// Notes what a packet of the guest says.
    void update(std::uint32_t buffer_allocation, std::uint32_t forwarded_count);
    void spend(std::uint32_t bytes) { sent_ += bytes; }
    /// Bytes that may be sent now. A guest that lies only stops itself.
    [[nodiscard]] std::uint32_t available() const;

private:
    std::uint32_t buffer_allocation_ = 0;
    std::uint32_t forwarded_count_ = 0;
    std::uint32_t sent_ = 0;
};

/// What we let the guest send. The window is small at first and large once the host's side has proved to take
/// what comes; it never shrinks, since guests before Linux 7 miscount when it does.
class ReceiveWindow {
public:
    static constexpr std::uint32_t initial_size = 64 * 1024;
    /// As large as the buffer that Linux gives a vsock socket; also the most we ever have to hold for one
    /// connection.
    static constexpr std::uint32_t full_size = 256 * 1024;

    /// What a packet to the guest carries.
    struct Advertisement {
        std::uint32_t buffer_allocation;
        std::uint32_t forwarded_count;
    };

    /// Notes bytes that arrived. False when the guest was never allowed so many.
    [[nodiscard]] bool accept(std::uint32_t bytes);
    /// Notes bytes that left our hands.
    void forward(std::uint32_t bytes);
    /// Notes that the host's side took bytes the moment they came: enough of that opens the full window.
    void taken_at_once(std::uint32_t bytes);
    /// Notes that the host's side did not take what came.
    void stalled() { clean_ = 0; }
    /// Whether the guest should hear soon that there is room again: it knows of half a window or less.
    [[nodiscard]] bool update_due() const;
    /// The values for a packet that goes out now.
    [[nodiscard]] Advertisement advertise();

private:
    [[nodiscard]] std::uint32_t room() const { return size_ - (received_ - forwarded_); }

    std::uint32_t size_ = initial_size;
    std::uint32_t received_ = 0;
    std::uint32_t forwarded_ = 0;
    std::uint32_t clean_ = 0;  ///< bytes taken at once since the last stall, as far as it matters
    std::uint32_t advertised_size_ = initial_size;
    std::uint32_t advertised_forwarded_ = 0;
};

}  // namespace hutch::vsock
