#pragma once

// The connections of a device: by slot (what epoll reports), by ports (what packets name), and in the order
// of their turns to send to the guest. One thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "manager/vsock_device/connection.hpp"

namespace hutch::vsock {

class ConnectionTable {
public:
    /// A slot and how often it was used (31 bits): an event for a connection that is gone finds nobody.
    struct Token {
        std::uint32_t slot;
        std::uint32_t generation;

        [[nodiscard]] std::uint64_t packed() const { return std::uint64_t{generation} << 32 | slot; }
        [[nodiscard]] static Token unpack(std::uint64_t packed) {
            return {static_cast<std::uint32_t>(packed), static_cast<std::uint32_t>(packed >> 32)};
        }
    };

    explicit ConnectionTable(std::size_t capacity) : capacity_(capacity) {}

    [[nodiscard]] bool full() const { return count_ >= capacity_; }
    [[nodiscard]] std::size_t count() const { return count_; }

    /// The token that the next added connection gets. Only when not full.
    [[nodiscard]] Token next_token();
    /// Adds a connection made with next_token().
    void add(std::unique_ptr<Connection> connection);
    /// Removes the connection with everything that refers to it.
    void remove(std::uint32_t slot);

    [[nodiscard]] Connection* find(Token token);
    [[nodiscard]] Connection* at(std::uint32_t slot);
    /// The slot under a key.
    [[nodiscard]] std::optional<std::uint32_t> find(ConnectionKey key) const;
    void bind(ConnectionKey key, std::uint32_t slot) { by_key_[key.packed()] = slot; }
    void unbind(ConnectionKey key) { by_key_.erase(key.packed()); }

    /// Puts a connection at the end of the turns unless it has one.
    void queue(std::uint32_t slot);
    /// The slot whose turn it is; taken out.
    [[nodiscard]] std::optional<std::uint32_t> next_turn();
    [[nodiscard]] bool has_turns() const { return first_turn_ != no_slot; }

    /// How many slots there are; some of them empty.
    [[nodiscard]] std::uint32_t slots() const { return static_cast<std::uint32_t>(slots_.size()); }

private:
    static constexpr std::uint32_t no_slot = 0xffffffff;
    struct Slot {
        std::unique_ptr<Connection> connection;
        std::uint32_t generation = 0;
    };

    std::size_t capacity_;
    std::size_t count_ = 0;
    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_;
    std::unordered_map<std::uint64_t, std::uint32_t> by_key_;
    std::uint32_t first_turn_ = no_slot;
    std::uint32_t last_turn_ = no_slot;
};

}  // namespace hutch::vsock
