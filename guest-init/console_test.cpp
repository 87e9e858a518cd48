#include "guest-init/console.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hutch::guest_init {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr steady_clock::time_point start{std::chrono::hours(1)};

TEST(Console, FormatsLikeSyslog) {
    const std::chrono::system_clock::time_point time{milliseconds(1'700'000'000'123)};
    EXPECT_EQ(format_line(time, "hutch-agent", 42, "ready"),
              "2023-11-14T22:13:20.123Z hutch-agent[42]: ready\n");
}

TEST(Console, OneLineStaysOneLine) {
    const std::string line = format_line({}, "p", 1, "a\nb\x1b[31m\r");
    EXPECT_EQ(line, "1970-01-01T00:00:00.000Z p[1]: a?b?[31m?\n");
}

TEST(LogRelay, JoinsPiecesAndSplitsLines) {
    LogRelay relay;
    EXPECT_THAT(relay.take("one", start), IsEmpty());
    EXPECT_THAT(relay.take(" line\ntwo\nthr", start), ElementsAre("one line", "two"));
    EXPECT_THAT(relay.take("ee\n", start), ElementsAre("three"));
}

TEST(LogRelay, CutsALongLine) {
    LogRelay relay;
    EXPECT_THAT(relay.take(std::string(3 * LogRelay::max_line, 'x'), start), IsEmpty());
    EXPECT_THAT(relay.take("\nnext\n", start),
                ElementsAre(std::string(LogRelay::max_line, 'x') + " (cut)", "next"));
}

TEST(LogRelay, DropsAFloodAndSaysSo) {
    LogRelay relay;
    std::string flood;
    for (unsigned i = 0; i < LogRelay::lines_per_second + 5; ++i) flood += "x\n";
    EXPECT_EQ(relay.take(flood, start).size(), LogRelay::lines_per_second);
    EXPECT_THAT(relay.take("later\n", start + milliseconds(1001)), ElementsAre("(5 lines dropped)", "later"));
}

}  // namespace
}  // namespace hutch::guest_init
