#pragma once

// What a guest sent and the host's side has not taken yet: a ring of bytes that exists only while it holds
// some. Its memory comes from and goes back to the kernel directly, so a burst leaves nothing behind. One
// thread.

#include <array>
#include <cstddef>
#include <span>

#include <sys/uio.h>

namespace hutch::vsock {

/// How many bytes all buffers of a device may hold together. Must outlive the buffers.
class BufferBudget {
public:
    explicit BufferBudget(std::size_t limit) : limit_(limit) {}
    [[nodiscard]] bool take(std::size_t bytes);
    void give_back(std::size_t bytes) { used_ -= bytes; }
    [[nodiscard]] std::size_t used() const { return used_; }

private:
    std::size_t limit_;
    std::size_t used_ = 0;
};

class SendBuffer {
public:
    /// Bytes that fit: what a guest may have sent at most on one connection.
    static constexpr std::size_t capacity = std::size_t{256} * 1024;

    explicit SendBuffer(BufferBudget& budget) : budget_(budget) {}
    SendBuffer(const SendBuffer&) = delete;
    SendBuffer& operator=(const SendBuffer&) = delete;
    ~SendBuffer() { clear(); }

    /// Copies `parts` less their first `skip` bytes. False, with nothing kept of them, when they do not fit
    /// or the budget or the host's memory is used up.
    [[nodiscard]] bool append(std::span<const iovec> parts, std::size_t skip);
    /// What is in it, in order, in one or two parts (the second may be empty).
    [[nodiscard]] std::array<iovec, 2> contents() const;
    /// Drops the first `bytes`.
    void consume(std::size_t bytes);
    void clear();

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }

private:
    void put(const std::byte* bytes, std::size_t count);

    BufferBudget& budget_;
    std::byte* memory_ = nullptr;
    std::size_t start_ = 0;
    std::size_t size_ = 0;
};

}  // namespace hutch::vsock
