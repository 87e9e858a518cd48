#include "manager/vsock_device/connection_table.hpp"

#include <utility>

namespace hutch::vsock {

ConnectionTable::Token ConnectionTable::next_token() {
    if (free_.empty()) {
        slots_.emplace_back();
        free_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
    }
    return {free_.back(), slots_[free_.back()].generation};
}

void ConnectionTable::add(std::unique_ptr<Connection> connection) {
    const Token token = next_token();
    free_.pop_back();
    slots_[token.slot].connection = std::move(connection);
    ++count_;
}

void ConnectionTable::remove(std::uint32_t slot) {
    Slot& entry = slots_[slot];
    if (const auto bound = by_key_.find(entry.connection->key().packed());
        bound != by_key_.end() && bound->second == slot)
        by_key_.erase(bound);
    if (entry.connection->queued) {
        // unlink it from the turns; they are few and removals of waiting connections rare
        std::uint32_t* link = &first_turn_;
        std::uint32_t before = no_slot;
        while (*link != slot) {
            before = *link;
            link = &slots_[before].connection->next_queued;
        }
        *link = entry.connection->next_queued;
        if (last_turn_ == slot) last_turn_ = before;
    }
    entry.connection.reset();
    entry.generation = (entry.generation + 1) & 0x7fffffff;  // 31 bits, see Token
    free_.push_back(slot);
    --count_;
}

Connection* ConnectionTable::find(Token token) {
    if (token.slot >= slots_.size() || slots_[token.slot].generation != token.generation) return nullptr;
    return slots_[token.slot].connection.get();
}

Connection* ConnectionTable::at(std::uint32_t slot) {
    return slots_[slot].connection.get();
}

std::optional<std::uint32_t> ConnectionTable::find(ConnectionKey key) const {
    const auto found = by_key_.find(key.packed());
    if (found == by_key_.end()) return std::nullopt;
    return found->second;
}

void ConnectionTable::queue(std::uint32_t slot) {
    Connection& connection = *slots_[slot].connection;
    if (std::exchange(connection.queued, true)) return;
    connection.next_queued = no_slot;
    (last_turn_ == no_slot ? first_turn_ : slots_[last_turn_].connection->next_queued) = slot;
    last_turn_ = slot;
}

std::optional<std::uint32_t> ConnectionTable::next_turn() {
    if (first_turn_ == no_slot) return std::nullopt;
    const std::uint32_t slot = first_turn_;
    Connection& connection = *slots_[slot].connection;
    first_turn_ = connection.next_queued;
    if (first_turn_ == no_slot) last_turn_ = no_slot;
    connection.queued = false;
    return slot;
}

}  // namespace hutch::vsock
