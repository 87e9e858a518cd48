#include "manager/vsock_device/credit.hpp"

#include <gtest/gtest.h>

namespace hutch::vsock {
namespace {

constexpr std::uint32_t kib = 1024;

TEST(SendCredit, IsTheBufferLessWhatIsUnderWay) {
    SendCredit credit;
    EXPECT_EQ(credit.available(), 0U);
    credit.update(100, 0);
    credit.spend(60);
    EXPECT_EQ(credit.available(), 40U);
    credit.update(100, 50);
    EXPECT_EQ(credit.available(), 90U);
}

TEST(SendCredit, SurvivesCountersThatWrap) {
    SendCredit credit;
    credit.update(100, 0);
    for (int i = 0; i < 3; ++i) credit.spend(0x7fffffff);
    credit.update(100, static_cast<std::uint32_t>(3ULL * 0x7fffffff));
    EXPECT_EQ(credit.available(), 100U);
}

TEST(SendCredit, IsZeroForAGuestThatLies) {
    SendCredit credit;
    credit.update(100, 1);
    EXPECT_EQ(credit.available(), 0U) << "more forwarded than sent";
    credit.update(100, 0);
    credit.spend(80);
    credit.update(50, 0);
    EXPECT_EQ(credit.available(), 0U) << "a buffer that shrank";
}

TEST(ReceiveWindow, AcceptsExactlyTheWindow) {
    ReceiveWindow window;
    EXPECT_TRUE(window.accept(ReceiveWindow::initial_size));
    EXPECT_FALSE(window.accept(1));
    window.forward(10);
    EXPECT_TRUE(window.accept(10));
    EXPECT_FALSE(window.accept(0xffffffff));
}

TEST(ReceiveWindow, OpensUpOnceTheHostTakesWhatComesAtOnce) {
    ReceiveWindow window;
    ASSERT_TRUE(window.accept(ReceiveWindow::initial_size));
    window.forward(ReceiveWindow::initial_size);
    window.taken_at_once(ReceiveWindow::initial_size);
    EXPECT_EQ(window.advertise().buffer_allocation, ReceiveWindow::full_size);
    EXPECT_TRUE(window.accept(ReceiveWindow::full_size));
    EXPECT_FALSE(window.accept(1));
}

TEST(ReceiveWindow, StaysSmallWhileTheHostStalls) {
    ReceiveWindow window;
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(window.accept(32 * kib));
        window.forward(32 * kib);
        window.taken_at_once(32 * kib);
        window.stalled();
    }
    EXPECT_EQ(window.advertise().buffer_allocation, ReceiveWindow::initial_size);
}

TEST(ReceiveWindow, UpdatesBeforeTheGuestRunsOut) {
    ReceiveWindow window;
    EXPECT_FALSE(window.update_due());
    ASSERT_TRUE(window.accept(20 * kib));
    window.forward(20 * kib);
    EXPECT_FALSE(window.update_due()) << "the guest knows of more than half a window";
    ASSERT_TRUE(window.accept(20 * kib));
    EXPECT_TRUE(window.update_due());
    EXPECT_EQ(window.advertise().forwarded_count, 20 * kib);
    EXPECT_FALSE(window.update_due());
}

TEST(ReceiveWindow, NeverLeavesAGuestWaitingWhenAllIsForwarded) {
    for (std::uint32_t step = 1; step <= ReceiveWindow::initial_size; step = step * 2 + 1) {
        ReceiveWindow window;
        std::uint32_t known = ReceiveWindow::initial_size;
        for (int i = 0; i < 1000; ++i) {
            const std::uint32_t sent = std::min(step, known);
            ASSERT_GT(sent, 0U);
            ASSERT_TRUE(window.accept(sent));
            known -= sent;
            window.forward(sent);
            if (!window.update_due()) continue;
            known = window.advertise().buffer_allocation;
        }
    }
}

}  // namespace
}  // namespace hutch::vsock
