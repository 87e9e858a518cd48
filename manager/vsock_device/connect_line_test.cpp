#include "manager/vsock_device/connect_line.hpp"

#include <string>

#include <gtest/gtest.h>

namespace hutch::vsock {
namespace {

using State = ConnectLine::State;

State whole(std::string_view text, std::size_t& taken, std::uint32_t* port = nullptr) {
    ConnectLine line;
    const State state = line.add(text, taken);
    if (port != nullptr) *port = line.port();
    return state;
}

TEST(ConnectLine, NamesAPortAndLeavesWhatFollows) {
    std::size_t taken = 0;
    std::uint32_t port = 0;
    EXPECT_EQ(whole("CONNECT 8080\nGET /", taken, &port), State::complete);
    EXPECT_EQ(port, 8080U);
    EXPECT_EQ(taken, 13U);
    EXPECT_EQ(whole("CONNECT 4294967295\n", taken, &port), State::complete);
    EXPECT_EQ(port, 4294967295U);
}

TEST(ConnectLine, ComesInPieces) {
    ConnectLine line;
    const std::string text = "CONNECT 12\nrest";
    std::size_t at = 0;
    State state = State::incomplete;
    while (state == State::incomplete) {
        std::size_t taken = 0;
        state = line.add(std::string_view(text).substr(at, 1), taken);
        ASSERT_EQ(taken, 1U);
        at += taken;
    }
    EXPECT_EQ(state, State::complete);
    EXPECT_EQ(line.port(), 12U);
    EXPECT_EQ(text.substr(at), "rest");
}

TEST(ConnectLine, RefusesWhatIsNotOne) {
    const std::string_view bad[] = {"\n",
                                    "CONNECT\n",
                                    "CONNECT \n",
                                    "connect 80\n",
                                    "CONNECT  80\n",
                                    "CONNECT 80 \n",
                                    "CONNECT 80\r\n",
                                    "CONNECT -1\n",
                                    "CONNECT +1\n",
                                    "CONNECT 0x50\n",
                                    "CONNECT 4294967296\n",
                                    "CONNECT 99999999999\n",
                                    "GET / HTTP/1.1\r\nHost: x\r\n",
                                    "CONNECT 000000000000000000000080\n"};
    for (const std::string_view text : bad) {
        std::size_t taken = 0;
        EXPECT_EQ(whole(text, taken), State::malformed) << text;
        EXPECT_LE(taken, ConnectLine::max_length);
    }
}

TEST(ConnectLine, RefusesNulBytes) {
    std::size_t taken = 0;
    EXPECT_EQ(whole(std::string_view("CONNECT 80\0\n", 12), taken), State::malformed);
}

}  // namespace
}  // namespace hutch::vsock
