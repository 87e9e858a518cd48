#include "manager/vsock_device/send_buffer.hpp"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace hutch::vsock {
namespace {

iovec part(const std::string& text) {
    return {const_cast<char*>(text.data()), text.size()};
}

std::string text_of(const SendBuffer& buffer) {
    std::string text;
    for (const iovec& piece : buffer.contents())
        text.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    return text;
}

TEST(SendBuffer, KeepsOrderAndSkipsWhatWasSent) {
    BufferBudget budget(1000);
    SendBuffer buffer(budget);
    const std::string first = "hello ";
    const std::string second = "world";
    const iovec parts[] = {part(first), part(second)};
    ASSERT_TRUE(buffer.append(parts, 0));
    EXPECT_EQ(text_of(buffer), "hello world");
    ASSERT_TRUE(buffer.append(parts, 8));
    EXPECT_EQ(text_of(buffer), "hello worldrld");
    ASSERT_TRUE(buffer.append(parts, 11));
    EXPECT_EQ(buffer.size(), 14U);
    buffer.consume(3);
    EXPECT_EQ(text_of(buffer), "lo worldrld");
}

TEST(SendBuffer, BehavesAsAStringOverManyWraps) {
    BufferBudget budget(SendBuffer::capacity);
    SendBuffer buffer(budget);
    std::string expected;
    std::mt19937 random(7);
    for (int i = 0; i < 3000; ++i) {
        const std::string piece(random() % 2000, static_cast<char>('a' + i % 26));
        const iovec parts[] = {part(piece)};
        if (piece.size() <= SendBuffer::capacity - expected.size()) {
            ASSERT_TRUE(buffer.append(parts, 0));
            expected += piece;
        }
        const std::size_t gone = std::min<std::size_t>(expected.size(), random() % 2000);
        if (gone > 0) buffer.consume(gone);
        expected.erase(0, gone);
        ASSERT_EQ(buffer.size(), expected.size());
        if (i % 50 == 0) {
            ASSERT_EQ(text_of(buffer), expected);
        }
    }
}

TEST(SendBuffer, RefusesWhatDoesNotFitAndKeepsNothingOfIt) {
    BufferBudget budget(2 * SendBuffer::capacity);
    SendBuffer buffer(budget);
    const std::string full(SendBuffer::capacity, 'x');
    const std::string one(1, 'y');
    const iovec whole[] = {part(full)};
    const iovec more[] = {part(one)};
    ASSERT_TRUE(buffer.append(whole, 0));
    EXPECT_FALSE(buffer.append(more, 0));
    EXPECT_EQ(buffer.size(), SendBuffer::capacity);
    EXPECT_EQ(budget.used(), SendBuffer::capacity);
}

TEST(SendBuffer, SharesABudget) {
    BufferBudget budget(10);
    const std::string text = "123456";
    const iovec parts[] = {part(text)};
    SendBuffer first(budget);
    {
        SendBuffer second(budget);
        ASSERT_TRUE(second.append(parts, 0));
        EXPECT_FALSE(first.append(parts, 0));
    }
    EXPECT_EQ(budget.used(), 0U);
    EXPECT_TRUE(first.append(parts, 0));
}

}  // namespace
}  // namespace hutch::vsock
