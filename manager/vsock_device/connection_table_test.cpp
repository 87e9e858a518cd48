#include "manager/vsock_device/connection_table.hpp"

#include <gtest/gtest.h>

namespace hutch::vsock {
namespace {

class ConnectionTableTest : public ::testing::Test {
protected:
    std::uint32_t add(ConnectionKey key = {}) {
        const ConnectionTable::Token token = table_.next_token();
        table_.add(std::make_unique<Connection>(Connection::State::open, key, StreamSocket(), poller_,
                                                token.packed(), budget_));
        if (key.guest_port != 0) table_.bind(key, token.slot);
        return token.slot;
    }
    std::vector<std::uint32_t> turns() {
        std::vector<std::uint32_t> order;
        while (const auto slot = table_.next_turn()) order.push_back(*slot);
        return order;
    }

    Poller poller_ = std::move(*Poller::create());
    BufferBudget budget_{1000};
    ConnectionTable table_{4};
};

TEST_F(ConnectionTableTest, FillsUpAndReusesSlots) {
    for (int i = 0; i < 4; ++i) add();
    EXPECT_TRUE(table_.full());
    table_.remove(2);
    EXPECT_FALSE(table_.full());
    EXPECT_EQ(add(), 2U);
}

TEST_F(ConnectionTableTest, FindsNobodyUnderTheTokenOfAPredecessor) {
    const ConnectionTable::Token first = table_.next_token();
    add();
    ASSERT_NE(table_.find(first), nullptr);
    table_.remove(first.slot);
    EXPECT_EQ(table_.find(first), nullptr);
    add();
    EXPECT_EQ(table_.find(first), nullptr);
    EXPECT_EQ(table_.find(ConnectionTable::Token{99, 0}), nullptr);
}

TEST_F(ConnectionTableTest, FindsByPortsUntilRemoved) {
    const std::uint32_t slot = add({1, 2});
    EXPECT_EQ(table_.find(ConnectionKey{1, 2}), slot);
    EXPECT_FALSE(table_.find(ConnectionKey{2, 1}));
    table_.remove(slot);
    EXPECT_FALSE(table_.find(ConnectionKey{1, 2}));
}

TEST_F(ConnectionTableTest, RemovingAConnectionKeepsASuccessorUnderTheSamePorts) {
    const std::uint32_t old = add({1, 2});
    table_.unbind({1, 2});
    const std::uint32_t next = add({1, 2});
    table_.remove(old);
    EXPECT_EQ(table_.find(ConnectionKey{1, 2}), next);
}

TEST_F(ConnectionTableTest, TurnsComeInOrderAndOnce) {
    for (int i = 0; i < 3; ++i) add();
    for (const std::uint32_t slot : {2U, 0U, 2U, 1U, 0U}) table_.queue(slot);
    EXPECT_EQ(turns(), (std::vector<std::uint32_t>{2, 0, 1}));
    EXPECT_FALSE(table_.has_turns());
}

TEST_F(ConnectionTableTest, RemovalTakesTheTurnWherever) {
    for (const std::uint32_t gone : {0U, 1U, 2U}) {
        for (int i = 0; i < 3; ++i) add();
        for (const std::uint32_t slot : {0U, 1U, 2U}) table_.queue(slot);
        table_.remove(gone);
        std::vector<std::uint32_t> left;
        for (const std::uint32_t slot : {0U, 1U, 2U})
            if (slot != gone) left.push_back(slot);
        const std::uint32_t next = add();
        table_.queue(next);
        left.push_back(next);
        EXPECT_EQ(turns(), left);
        for (const std::uint32_t slot : {0U, 1U, 2U}) table_.remove(slot);
    }
}

}  // namespace
}  // namespace hutch::vsock
