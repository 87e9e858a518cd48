#include "common/sys/tcp_socket.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

namespace hutch::sys {
namespace {

UniqueFd connect_to(int port) {
    UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return socket;
}

TEST(TcpSocket, TwoListenersCannotShareAPort) {
    const UniqueFd first = listen_tcp("127.0.0.1", 0, 8).value();
    const int port = local_port(first).value();
    EXPECT_GT(port, 0);
    const auto second = listen_tcp("127.0.0.1", port, 8);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find(std::to_string(port)), std::string::npos);
    EXPECT_NE(second.error().message.find("in use"), std::string::npos);
}

TEST(TcpSocket, SaysWhichAddressIsUnknown) {
    EXPECT_EQ(listen_tcp("no.such.host.invalid", 0, 8).error().code, "unknown_address");
}

TEST(TcpSocket, MovesBytesAndSeesTheEnd) {
    const UniqueFd listener = listen_tcp("127.0.0.1", 0, 8).value();
    EXPECT_FALSE(accept_tcp(listener).value());
    UniqueFd client = connect_to(local_port(listener).value());
    ASSERT_TRUE(wait_ready(listener, Direction::read, std::chrono::seconds(10)));
    const auto accepted = accept_tcp(listener).value();
    ASSERT_TRUE(accepted);
    EXPECT_EQ(accepted->address, "127.0.0.1");

    std::string buffer = "old ";
    EXPECT_EQ(receive_some(accepted->socket, buffer, 100).outcome, Transfer::Outcome::would_block);
    EXPECT_FALSE(peer_has_closed(accepted->socket));
    EXPECT_EQ(send_some(client, "new").bytes, 3U);
    ASSERT_TRUE(wait_ready(accepted->socket, Direction::read, std::chrono::seconds(10)));
    EXPECT_FALSE(peer_has_closed(accepted->socket));
    EXPECT_EQ(receive_some(accepted->socket, buffer, 100).bytes, 3U);
    EXPECT_EQ(buffer, "old new");

    client.reset();
    ASSERT_TRUE(wait_ready(accepted->socket, Direction::read, std::chrono::seconds(10)));
    EXPECT_TRUE(peer_has_closed(accepted->socket));
    EXPECT_EQ(receive_some(accepted->socket, buffer, 100).outcome, Transfer::Outcome::ended);
}

}  // namespace
}  // namespace hutch::sys
