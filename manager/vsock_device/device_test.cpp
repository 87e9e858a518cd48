#include "manager/vsock_device/device.hpp"

#include <random>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/sys/file.hpp"
#include "common/sys/unix_socket.hpp"
#include "common/testing/temporary_directory.hpp"
#include "manager/vsock_device/testing/fake_front_end.hpp"

namespace hutch::vsock {
namespace {

using fakes::FakeFrontEnd;
using fakes::FakeGuest;
using fakes::GuestDriver;
using fakes::RingDriver;
using fakes::TestMemory;

// The whole device in a thread of its own, between a fake guest and real sockets.
class DeviceTest : public ::testing::TestWithParam<std::uint64_t> {
protected:
    void SetUp() override {
        directory_fd_ = sys::open_directory(directory_.path()).value();
        Device::Setup setup;
        setup.front_end_listener = sys::listen_unix(directory_fd_, "vhost.sock", 1).value();
        setup.host_listener = sys::listen_unix(directory_fd_, "vsock.sock", 4096).value();
        setup.host_socket_directory = directory_.path();
        host_port_ = sys::listen_unix(directory_fd_, "vsock.sock_7", 4096).value();
        device_ = Device::create(std::move(setup)).value();
        thread_ = std::thread([this] { result_ = device_->run(); });
    }
    void TearDown() override { static_cast<void>(finish()); }

    sys::UniqueFd connect_front_end() { return sys::connect_unix(directory_fd_, "vhost.sock").value(); }
    void start_guest(std::uint64_t features = FakeFrontEnd::features) {
        guest_ = std::make_unique<FakeGuest>(connect_front_end(), features);
    }
    // Lets the device end and says how.
    Result<void> finish() {
        if (guest_) guest_->front_end().disconnect();
        if (!thread_.joinable()) return result_;
        if (!guest_ && !connected_) static_cast<void>(connect_front_end());
        thread_.join();
        return result_;
    }

    sys::UniqueFd connect_host(std::string_view line = "CONNECT 80\n") {
        sys::UniqueFd fd = sys::connect_unix(directory_fd_, "vsock.sock").value();
        write_all(fd, line);
        return fd;
    }
    static void write_all(const sys::UniqueFd& fd, std::string_view text) {
        ASSERT_TRUE(sys::write_all(fd, text));
    }
    static std::string read_some(const sys::UniqueFd& fd) {
        char buffer[65536];
        const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
        return count > 0 ? std::string(buffer, static_cast<std::size_t>(count)) : std::string();
    }
    static std::string read_exactly(const sys::UniqueFd& fd, std::size_t size) {
        std::string all;
        while (all.size() < size) {
            std::string part(std::min<std::size_t>(size - all.size(), 65536), '\0');
            const ssize_t count = ::read(fd.get(), part.data(), part.size());
            if (count <= 0) return all;
            all.append(part, 0, static_cast<std::size_t>(count));
        }
        return all;
    }
    static std::string read_line(const sys::UniqueFd& fd) {
        std::string line;
        while (!line.ends_with('\n')) {
            const std::string letter = read_exactly(fd, 1);
            if (letter.empty()) return line;
            line += letter;
        }
        return line;
    }
    sys::UniqueFd accept() {
        return sys::UniqueFd(::accept4(host_port_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }
    static std::string random_text(std::size_t size) {
        std::string text(size, '\0');
        std::minstd_rand random(42);
        for (char& letter : text) letter = static_cast<char>(random());
        return text;
    }

    hutch::testing_support::TemporaryDirectory directory_;
    sys::UniqueFd directory_fd_;
    sys::UniqueFd host_port_;
    std::unique_ptr<Device> device_;
    std::thread thread_;
    Result<void> result_;
    std::unique_ptr<FakeGuest> guest_;
    bool connected_ = false;
};

TEST_F(DeviceTest, EndsWellWhenTheFrontEndDisconnects) {
    start_guest();
    EXPECT_TRUE(finish());
}

TEST_F(DeviceTest, EndsWellWhenTheFrontEndNeverSaysAnything) {
    EXPECT_TRUE(finish());
}

TEST_P(DeviceTest, CarriesBytesBothWaysForAHostProgram) {
    start_guest(GetParam());
    const sys::UniqueFd host = connect_host();
    const FakeGuest::Stream stream = guest_->accept();
    EXPECT_EQ(read_line(host), "OK " + std::to_string(stream.host_port) + "\n");
    write_all(host, "ping");
    EXPECT_EQ(guest_->receive(stream, 4), "ping");
    guest_->send(stream, "pong");
    EXPECT_EQ(read_exactly(host, 4), "pong");
    ::shutdown(host.get(), SHUT_WR);
    guest_->wait_for_end(stream);
    guest_->shutdown(stream, shutdown_both);
    guest_->wait_for_reset(stream);
    EXPECT_EQ(read_some(host), "");
}

TEST_P(DeviceTest, CarriesBytesBothWaysForAGuestProgram) {
    start_guest(GetParam());
    const auto stream = guest_->connect(7);
    ASSERT_TRUE(stream);
    const sys::UniqueFd host = accept();
    guest_->send(*stream, "ping");
    EXPECT_EQ(read_exactly(host, 4), "ping");
    write_all(host, "pong");
    EXPECT_EQ(guest_->receive(*stream, 4), "pong");
    EXPECT_FALSE(guest_->connect(8)) << "nobody listens";
}

TEST_P(DeviceTest, CarriesMegabytesToTheGuestUnchanged) {
    start_guest(GetParam());
    const sys::UniqueFd host = connect_host();
    const FakeGuest::Stream stream = guest_->accept();
    const std::string text = random_text(5'000'000);
    std::thread writer([&] {
        write_all(host, text);
        ::shutdown(host.get(), SHUT_WR);
    });
    EXPECT_TRUE(guest_->receive(stream, text.size()) == text);
    guest_->wait_for_end(stream);
    writer.join();
}

TEST_P(DeviceTest, CarriesMegabytesToTheHostUnchanged) {
    start_guest(GetParam());
    const auto stream = guest_->connect(7);
    ASSERT_TRUE(stream);
    const sys::UniqueFd host = accept();
    const std::string text = random_text(5'000'000);
    std::string got;
    std::thread reader([&] { got = read_exactly(host, text.size()); });
    guest_->send(*stream, text);
    reader.join();
    EXPECT_TRUE(got == text);
}

INSTANTIATE_TEST_SUITE_P(Features, DeviceTest,
                         ::testing::Values(FakeFrontEnd::features,
                                           FakeFrontEnd::features_without_event_index));

TEST_F(DeviceTest, EchoesInBothDirectionsAtOnce) {
    start_guest();
    const auto stream = guest_->connect(7);
    ASSERT_TRUE(stream);
    const sys::UniqueFd host = accept();
    const std::string text = random_text(2'000'000);
    std::thread echo([&] {
        for (std::string part = read_some(host); !part.empty(); part = read_some(host)) write_all(host, part);
    });
    std::string got;
    for (std::size_t at = 0; at < text.size(); at += 100'000) {
        guest_->send(*stream, std::string_view(text).substr(at, 100'000));
        got += guest_->receive(*stream, 100'000);
    }
    EXPECT_TRUE(got == text);
    guest_->shutdown(*stream, shutdown_both);
    echo.join();
}

TEST_F(DeviceTest, ServesHundredsOfHostProgramsAtOnce) {
    constexpr std::size_t count = 300;
    start_guest();
    std::vector<sys::UniqueFd> hosts;
    std::vector<FakeGuest::Stream> streams;
    for (std::size_t i = 0; i < count; ++i)
        hosts.push_back(connect_host("CONNECT " + std::to_string(1000 + i) + "\n"));
    for (std::size_t i = 0; i < count; ++i) streams.push_back(guest_->accept());
    for (std::size_t i = 0; i < count; ++i)
        guest_->send(streams[i], "port " + std::to_string(streams[i].guest_port));
    for (std::size_t i = 0; i < count; ++i) {
        EXPECT_TRUE(read_line(hosts[i]).starts_with("OK "));
        EXPECT_EQ(read_exactly(hosts[i], 9), "port " + std::to_string(1000 + i));
    }
    hosts.clear();
    for (const FakeGuest::Stream& stream : streams) guest_->wait_for_end(stream);
}

TEST_F(DeviceTest, ASlowHostProgramDoesNotHoldUpAnother) {
    start_guest();
    const auto slow = guest_->connect(7);
    const sys::UniqueFd slow_host = accept();
    // what fits the sockets and the device's window for it, and no more
    const auto quick = guest_->connect(7);
    const sys::UniqueFd quick_host = accept();
    guest_->send(*slow, std::string(64UL * 1024, 's'));
    const std::string text = random_text(3'000'000);
    std::string got;
    std::thread reader([&] { got = read_exactly(quick_host, text.size()); });
    guest_->send(*quick, text);
    reader.join();
    EXPECT_TRUE(got == text);
    EXPECT_EQ(read_exactly(slow_host, 64UL * 1024), std::string(64UL * 1024, 's'));
}

TEST_F(DeviceTest, ASlowGuestProgramStopsTheHostProgram) {
    start_guest();
    const sys::UniqueFd host = connect_host();
    const FakeGuest::Stream stream = guest_->accept();
    read_line(host);
    const std::string text = random_text(4'000'000);
    std::thread writer([&] { write_all(host, text); });
    // the guest takes packets but its program reads late: FakeGuest throws when the device sends beyond the
    // credit
    const auto other = guest_->connect(7);
    ASSERT_TRUE(other);
    EXPECT_TRUE(guest_->receive(stream, text.size()) == text);
    writer.join();
}

// ---- front-ends that break the rules

class HostileFrontEndTest : public DeviceTest {
protected:
    // The device has ended by itself; its error.
    std::string ended() {
        thread_.join();
        return result_ ? "" : result_.error().message;
    }
    FakeFrontEnd& front_end() {
        if (!front_end_) front_end_ = std::make_unique<FakeFrontEnd>(connect_front_end());
        connected_ = true;
        return *front_end_;
    }
    static std::vector<std::byte> words(std::initializer_list<std::uint32_t> values) {
        const auto bytes = std::as_bytes(std::span(values.begin(), values.size()));
        return {bytes.begin(), bytes.end()};
    }

    std::unique_ptr<FakeFrontEnd> front_end_;
};

TEST_F(HostileFrontEndTest, GarbageEndsTheDevice) {
    front_end().send_raw(words({0xdeadbeef, 0xdeadbeef, 0xdeadbeef}));
    EXPECT_NE(ended().find("vhost-user"), std::string::npos);
}

TEST_F(HostileFrontEndTest, OversizedMessagesEndTheDevice) {
    front_end().send_raw(words({5, 1, 0x7fffffff}));
    EXPECT_NE(ended(), "");
}

TEST_F(HostileFrontEndTest, CutMessagesEndTheDeviceWellOnDisconnect) {
    front_end().send_raw(words({5, 1, 40, 1}));
    front_end_->disconnect();
    EXPECT_TRUE(finish());
}

TEST_F(HostileFrontEndTest, ManyDescriptorsEndTheDevice) {
    const std::vector<int> descriptors(20, directory_fd_.get());
    front_end().send_raw(words({1, 1, 0}), descriptors);
    EXPECT_NE(ended().find("descriptors"), std::string::npos);
}

TEST_F(HostileFrontEndTest, DescriptorsSpreadOverAMessageEndTheDevice) {
    const std::vector<int> descriptors(8, directory_fd_.get());
    front_end().send_raw(words({5, 1}), descriptors);
    front_end().send_raw(words({40, 1}), descriptors);
    EXPECT_NE(ended().find("descriptors"), std::string::npos);
}

TEST_F(HostileFrontEndTest, MessagesArriveInPieces) {
    const auto bytes = words({1, 1, 0});
    for (const std::byte byte : bytes) front_end().send_raw(std::span(&byte, 1));
    EXPECT_EQ(front_end().receive_reply().size(), 8U);
    front_end().disconnect();
    EXPECT_TRUE(finish());
}

TEST_F(HostileFrontEndTest, OnlyOneFrontEndIsServed) {
    start_guest();
    const auto second = sys::connect_unix(directory_fd_, "vhost.sock");
    EXPECT_FALSE(second) << "the socket accepts nobody any more";
    EXPECT_TRUE(guest_->connect(7)) << "the first one is served on";
}

// ---- guests that break the rules

TEST_F(HostileFrontEndTest, ADescriptorLoopEndsTheDevice) {
    start_guest();
    RingDriver& ring = guest_->driver().transmit_ring();
    ring.describe(0, TestMemory::guest_base + GuestDriver::transmit_area, 8, RingDriver::flag_next, 0);
    ring.make_available(0);
    guest_->front_end().kick(1);
    EXPECT_NE(ended().find("chain"), std::string::npos);
}

TEST_F(HostileFrontEndTest, AnAddressOutsideMemoryEndsTheDevice) {
    start_guest();
    RingDriver& ring = guest_->driver().transmit_ring();
    ring.describe(0, 0xffffffff00000000, 64, 0);
    ring.make_available(0);
    guest_->front_end().kick(1);
    EXPECT_NE(ended().find("memory"), std::string::npos);
}

TEST_F(HostileFrontEndTest, RingsThatAreDisabledEndConnections) {
    start_guest();
    const auto stream = guest_->connect(7);
    ASSERT_TRUE(stream);
    const sys::UniqueFd host = accept();
    ASSERT_TRUE(guest_->front_end().send_acknowledged(Request::set_ring_enable, words({1, 0})));
    EXPECT_EQ(read_some(host), "");
}

}  // namespace
}  // namespace hutch::vsock
