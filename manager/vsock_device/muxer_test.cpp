#include "manager/vsock_device/muxer.hpp"

#include <set>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/sys/file.hpp"
#include "common/sys/unix_socket.hpp"
#include "common/testing/temporary_directory.hpp"
#include "manager/vsock_device/testing/guest_driver.hpp"

namespace hutch::vsock {
namespace {

using fakes::guest_header;
using fakes::GuestDriver;
using fakes::Packet;
using fakes::TestMemory;

constexpr std::uint32_t echo_port = 7;

// The muxer alone, in one thread: packets through real rings, sockets through a real poller, time as the test
// says.
class MuxerTest : public ::testing::Test {
protected:
    void SetUp() override { start({}); }

    void start(Limits limits) {
        muxer_.reset();
        poller_ = std::move(*Poller::create());
        limits_ = limits;
        directory_fd_ = sys::open_directory(directory_.path()).value();
        muxer_ = Muxer::create({.guest_cid = 3,
                                .host_socket_directory = directory_.path(),
                                .limits = limits,
                                .listener_token = 1},
                               listen("vsock.sock"), poller_, now_)
                     .value();
        host_port_ = listen("vsock.sock_" + std::to_string(echo_port));
    }
    sys::UniqueFd listen(const std::string& name) {
        sys::UniqueFd fd = sys::listen_unix(directory_fd_, name, 4096).value();
        ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
        return fd;
    }

    // Lets the device work until nothing moves any more.
    void settle() {
        for (int quiet = 0; quiet < 2;) quiet = settle_once() ? 0 : quiet + 1;
    }
    // One wake-up of the device. Whether there is more to do.
    bool settle_once() {
        std::array<epoll_event, 16> storage;
        const auto events = poller_.wait(storage, std::chrono::milliseconds(0)).value();
        for (const epoll_event& event : events) {
            const bool listener = event.data.u64 == 1;
            EXPECT_TRUE(listener ? muxer_->listener_event()
                                 : muxer_->connection_event(event.data.u64, event.events));
        }
        const bool more = muxer_->process_transmit(transmit_).value();
        const bool starved = muxer_->fill_receive(receive_).value();
        static_cast<void>(transmit_.publish());
        static_cast<void>(receive_.publish());
        return !events.empty() || more || (muxer_->has_output() && !starved);
    }
    std::vector<Packet> exchange(const PacketHeader& header, std::string_view payload = {}) {
        EXPECT_TRUE(driver_.transmit(header, payload));
        settle();
        return received();
    }
    std::vector<Packet> received() {
        std::vector<Packet> packets;
        while (auto packet = driver_.take_received()) packets.push_back(std::move(*packet));
        return packets;
    }
    static void expect_operations(const std::vector<Packet>& packets,
                                  std::initializer_list<Operation> expected) {
        std::vector<Operation> operations;
        for (const Packet& packet : packets) operations.push_back(packet.operation());
        EXPECT_EQ(operations, std::vector<Operation>(expected));
    }

    sys::UniqueFd connect_host() {
        sys::UniqueFd fd = sys::connect_unix(directory_fd_, "vsock.sock").value();
        ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
        return fd;
    }
    static void write(const sys::UniqueFd& fd, std::string_view text) {
        ASSERT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    // All that is there; "<eof>" at the end of the stream.
    static std::string read(const sys::UniqueFd& fd) {
        std::string text;
        char buffer[65536];
        for (;;) {
            const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
            if (count < 0) return text;
            if (count == 0) return text + "<eof>";
            text.append(buffer, static_cast<std::size_t>(count));
        }
    }
    sys::UniqueFd accept() {
        return sys::UniqueFd(::accept4(host_port_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    }

    // A connection that a host program opened to the guest's port 80; its host port goes to `port`.
    sys::UniqueFd open_from_host(std::uint32_t& port) {
        sys::UniqueFd fd = connect_host();
        write(fd, "CONNECT 80\n");
        settle();
        const auto packets = received();
        expect_operations(packets, {Operation::request});
        if (packets.empty()) return fd;
        port = packets[0].header.source_port;
        EXPECT_EQ(packets[0].header.destination_port, 80U);
        EXPECT_EQ(packets[0].header.source_cid, 2U);
        EXPECT_EQ(packets[0].header.destination_cid, 3U);
        exchange(guest_header(Operation::response, 80, port));
        EXPECT_EQ(read(fd), "OK " + std::to_string(port) + "\n");
        return fd;
    }
    // A connection that the guest's port 5000 opened to the host's echo_port.
    sys::UniqueFd open_from_guest(std::uint32_t guest_port = 5000) {
        expect_operations(exchange(guest_header(Operation::request, guest_port, echo_port)),
                          {Operation::response});
        return accept();
    }
    void pass(std::chrono::milliseconds time) {
        now_ += time;
        muxer_->advance(now_);
        settle();
    }

    hutch::testing_support::TemporaryDirectory directory_;
    sys::UniqueFd directory_fd_;
    Limits limits_;
    Poller poller_ = std::move(*Poller::create());
    Muxer::TimePoint now_{};
    std::unique_ptr<Muxer> muxer_;
    sys::UniqueFd host_port_;
    GuestDriver driver_;
    GuestMemory memory_ = driver_.memory().map();
    Virtqueue receive_ = *Virtqueue::create(
        memory_, GuestDriver::setup_of(driver_.receive_ring(), Virtqueue::Direction::device_writes));
    Virtqueue transmit_ = *Virtqueue::create(
        memory_, GuestDriver::setup_of(driver_.transmit_ring(), Virtqueue::Direction::device_reads));
};

class MuxerWithBuffersTest : public MuxerTest {
protected:
    void SetUp() override {
        MuxerTest::SetUp();
        driver_.post_receive_buffers(GuestDriver::ring_size);
    }
};

TEST_F(MuxerWithBuffersTest, HostProgramReachesTheGuest) {
    std::uint32_t port = 0;
    const sys::UniqueFd host = open_from_host(port);
    write(host, "ping");
    settle();
    const auto packets = received();
    expect_operations(packets, {Operation::data});
    EXPECT_EQ(packets[0].payload, "ping");
    exchange(guest_header(Operation::data, 80, port, 4), "pong");
    EXPECT_EQ(read(host), "pong");
}

TEST_F(MuxerWithBuffersTest, GuestReachesAHostProgram) {
    const sys::UniqueFd host = open_from_guest();
    ASSERT_TRUE(host);
    exchange(guest_header(Operation::data, 5000, echo_port, 4), "ping");
    EXPECT_EQ(read(host), "ping");
    write(host, "pong");
    settle();
    const auto packets = received();
    expect_operations(packets, {Operation::data});
    EXPECT_EQ(packets[0].payload, "pong");
}

TEST_F(MuxerWithBuffersTest, GuestIsRefusedWhereNobodyListens) {
    expect_operations(exchange(guest_header(Operation::request, 5000, 9)), {Operation::reset});
    EXPECT_EQ(muxer_->connections(), 0U);
}

TEST_F(MuxerWithBuffersTest, GuestRefusesAHostProgram) {
    const sys::UniqueFd host = connect_host();
    write(host, "CONNECT 80\n");
    settle();
    const std::uint32_t port = received().at(0).header.source_port;
    exchange(guest_header(Operation::reset, 80, port));
    EXPECT_EQ(read(host), "<eof>");
    EXPECT_EQ(muxer_->connections(), 0U);
}

TEST_F(MuxerWithBuffersTest, BytesBehindTheLineWaitForTheGuest) {
    const sys::UniqueFd host = connect_host();
    write(host, "CONNECT 80\nearly");
    settle();
    const std::uint32_t port = received().at(0).header.source_port;
    const auto packets = exchange(guest_header(Operation::response, 80, port));
    expect_operations(packets, {Operation::data});
    EXPECT_EQ(packets[0].payload, "early");
}

TEST_F(MuxerWithBuffersTest, LinesComeInPieces) {
    const sys::UniqueFd host = connect_host();
    for (const char letter : std::string("CONNECT 80")) {
        write(host, std::string(1, letter));
        settle();
        EXPECT_TRUE(received().empty());
    }
    write(host, "\n");
    settle();
    expect_operations(received(), {Operation::request});
}

TEST_F(MuxerWithBuffersTest, MalformedLinesAreClosed) {
    for (const char* line :
         {"GET / HTTP/1.1\r\n\r\n", "CONNECT x\n", "CONNECT 80 and a line far too long to be one"}) {
        const sys::UniqueFd host = connect_host();
        write(host, line);
        settle();
        const std::string answer = read(host);
        EXPECT_TRUE(answer.empty() || answer == "<eof>");
        char byte;
        EXPECT_NE(::recv(host.get(), &byte, 1, MSG_DONTWAIT), 1);
        EXPECT_EQ(muxer_->connections(), 0U) << line;
    }
    EXPECT_TRUE(received().empty());
}

TEST_F(MuxerWithBuffersTest, EveryHostProgramGetsItsOwnPort) {
    std::set<std::uint32_t> ports;
    std::vector<sys::UniqueFd> hosts;
    for (int i = 0; i < 50; ++i) {
        std::uint32_t port = 0;
        hosts.push_back(open_from_host(port));
        ports.insert(port);
    }
    EXPECT_EQ(ports.size(), 50U);
}

// ---- ends

TEST_F(MuxerWithBuffersTest, HostProgramThatStopsSendingStillReceives) {
    std::uint32_t port = 0;
    const sys::UniqueFd host = open_from_host(port);
    write(host, "question");
    ::shutdown(host.get(), SHUT_WR);
    settle();
    const auto packets = received();
    expect_operations(packets, {Operation::data, Operation::shutdown});
    EXPECT_EQ(packets[1].header.flags, shutdown_send);
    exchange(guest_header(Operation::data, 80, port, 6), "answer");
    EXPECT_EQ(read(host), "answer");
    exchange(guest_header(Operation::shutdown, 80, port, 0, shutdown_both));
    EXPECT_EQ(read(host), "<eof>");
    EXPECT_EQ(muxer_->connections(), 0U);
}

TEST_F(MuxerWithBuffersTest, GuestThatStopsSendingStillReceives) {
    const sys::UniqueFd host = open_from_guest();
    exchange(guest_header(Operation::data, 5000, echo_port, 8), "question");
    EXPECT_TRUE(exchange(guest_header(Operation::shutdown, 5000, echo_port, 0, shutdown_send)).empty());
    EXPECT_EQ(read(host), "question<eof>");
    write(host, "answer");
    settle();
    EXPECT_EQ(received().at(0).payload, "answer");
    EXPECT_EQ(muxer_->connections(), 1U);
}

TEST_F(MuxerWithBuffersTest, HostProgramThatClosesIsToldInOnePacketAfterItsData) {
    std::uint32_t port = 0;
    {
        const sys::UniqueFd host = open_from_host(port);
        write(host, "last words");
    }
    settle();
    const auto packets = received();
    expect_operations(packets, {Operation::data, Operation::shutdown});
    EXPECT_EQ(packets[1].header.flags, shutdown_both);
    EXPECT_EQ(muxer_->connections(), 1U) << "until the guest has reset it";
    EXPECT_TRUE(exchange(guest_header(Operation::reset, 80, port)).empty());
    EXPECT_EQ(muxer_->connections(), 0U);
}

TEST_F(MuxerWithBuffersTest, BothSidesClosingAtOnceEndsInAReset) {
    std::uint32_t port = 0;
    { const sys::UniqueFd host = open_from_host(port); }
    settle();
    expect_operations(exchange(guest_header(Operation::shutdown, 80, port, 0, shutdown_both)),
                      {Operation::shutdown, Operation::reset});
    EXPECT_EQ(muxer_->connections(), 0U);
}

TEST_F(MuxerWithBuffersTest, GuestThatClosesIsResetAtOnceAndTheHostGetsTheRest) {
    const sys::UniqueFd host = open_from_guest();
    const std::string chunk(16 * 1024, 'x');
    std::size_t sent = 0;
    while (muxer_->buffered() == 0) {
        exchange(guest_header(Operation::data, 5000, echo_port, static_cast<std::uint32_t>(chunk.size())),
                 chunk);
        sent += chunk.size();
        ASSERT_LT(sent, 10'000'000U);
    }
    expect_operations(exchange(guest_header(Operation::shutdown, 5000, echo_port, 0, shutdown_both)),
                      {Operation::reset});
    const sys::UniqueFd next = open_from_guest();
    EXPECT_TRUE(next) << "the port is free again";
    std::string all;
    while (!all.ends_with("<eof>")) {
        all += read(host);
        settle();
    }
    EXPECT_EQ(all.size(), sent + 5);
    EXPECT_EQ(muxer_->buffered(), 0U);
}

TEST_F(MuxerWithBuffersTest, GuestThatReceivesNoMoreStopsTheHostProgram) {
    std::uint32_t port = 0;
    const sys::UniqueFd host = open_from_host(port);
    exchange(guest_header(Operation::shutdown, 80, port, 0, shutdown_receive));
    EXPECT_LT(::send(host.get(), "x", 1, MSG_NOSIGNAL), 0);
    exchange(guest_header(Operation::data, 80, port, 2), "hi");
    EXPECT_EQ(read(host), "hi");
}

TEST_F(MuxerWithBuffersTest, HostProgramThatGoesAwayBeforeTheAnswerIsReset) {
    std::uint32_t port = 0;
    {
        const sys::UniqueFd host = connect_host();
        write(host, "CONNECT 80\n");
        settle();
        port = received().at(0).header.source_port;
    }
    settle();
    expect_operations(received(), {Operation::reset});
    expect_operations(exchange(guest_header(Operation::response, 80, port)), {Operation::reset});
}

// ---- credit

TEST_F(MuxerWithBuffersTest, ReadsNoMoreThanTheGuestHasRoomFor) {
    PacketHeader request = guest_header(Operation::request, 5000, echo_port);
    request.buffer_allocation = 10;
    expect_operations(exchange(request), {Operation::response});
    const sys::UniqueFd host = accept();
    write(host, "0123456789abcdef");
    settle();
    auto packets = received();
    expect_operations(packets, {Operation::data, Operation::credit_request});
    EXPECT_EQ(packets[0].payload, "0123456789");

    PacketHeader update = guest_header(Operation::credit_update, 5000, echo_port);
    update.buffer_allocation = 10;
    EXPECT_TRUE(exchange(update).empty()) << "still no room, and asked already";
    update.forwarded_count = 10;
    packets = exchange(update);
    expect_operations(packets, {Operation::data});
    EXPECT_EQ(packets[0].payload, "abcdef");
}

TEST_F(MuxerWithBuffersTest, SplitsWhatDoesNotFitOneBuffer) {
    const sys::UniqueFd host = open_from_guest();
    std::string sent;
    for (int i = 0; i < 10000; ++i) sent += std::to_string(i) + ",";
    write(host, sent);
    settle();
    std::string got;
    for (const Packet& packet : received()) got += packet.payload;
    EXPECT_EQ(got, sent);
}

TEST_F(MuxerWithBuffersTest, AnswersACreditRequest) {
    const sys::UniqueFd host = open_from_guest();
    exchange(guest_header(Operation::data, 5000, echo_port, 5), "hello");
    const auto packets = exchange(guest_header(Operation::credit_request, 5000, echo_port));
    expect_operations(packets, {Operation::credit_update});
    EXPECT_EQ(packets[0].header.forwarded_count, 5U);
    EXPECT_EQ(packets[0].header.buffer_allocation, ReceiveWindow::initial_size);
}

TEST_F(MuxerWithBuffersTest, TellsTheGuestOfNewRoomBeforeItRunsOut) {
    const sys::UniqueFd host = open_from_guest();
    const std::string half(32 * 1024, 'x');
    const auto packets = exchange(guest_header(Operation::data, 5000, echo_port, 32 * 1024), half);
    expect_operations(packets, {Operation::credit_update});
    EXPECT_EQ(packets[0].header.forwarded_count, half.size());
}

TEST_F(MuxerWithBuffersTest, SlowHostProgramHoldsTheGuestBackAndLosesNothing) {
    const sys::UniqueFd host = open_from_guest();
    const std::string chunk(8 * 1024, 'x');
    std::uint32_t sent = 0;
    std::uint32_t room = ReceiveWindow::initial_size;
    // as much as we are allowed to, until nothing more is allowed
    for (;;) {
        std::vector<Packet> packets;
        if (room - sent >= chunk.size()) {
            packets = exchange(
                guest_header(Operation::data, 5000, echo_port, static_cast<std::uint32_t>(chunk.size())),
                chunk);
            sent += static_cast<std::uint32_t>(chunk.size());
        }
        for (const Packet& packet : packets)
            room = packet.header.buffer_allocation + packet.header.forwarded_count;
        if (packets.empty() && room - sent < chunk.size()) break;
    }
    EXPECT_GT(muxer_->buffered(), 0U);
    EXPECT_LE(muxer_->buffered(), SendBuffer::capacity);
    std::string all = read(host);
    while (all.size() < sent) {
        settle();
        const std::string more = read(host);
        ASSERT_FALSE(more.empty());
        all += more;
    }
    EXPECT_EQ(all, std::string(sent, 'x'));
    EXPECT_EQ(muxer_->buffered(), 0U);
    expect_operations(received(), {Operation::credit_update});
}

TEST_F(MuxerWithBuffersTest, GuestThatSendsMoreThanItMayIsReset) {
    const sys::UniqueFd host = open_from_guest();
    std::vector<Packet> packets;
    const std::string chunk(64 * 1024, 'x');
    for (int i = 0; i < 100 && muxer_->connections() > 0; ++i)
        packets = exchange(guest_header(Operation::data, 5000, echo_port, 64 * 1024), chunk);
    EXPECT_EQ(muxer_->connections(), 0U);
    ASSERT_FALSE(packets.empty());
    EXPECT_EQ(packets.back().operation(), Operation::reset);
    EXPECT_EQ(muxer_->buffered(), 0U);
}

TEST_F(MuxerWithBuffersTest, OneBudgetBoundsWhatIsHeldForAll) {
    Limits limits;
    limits.max_buffered = 100 * 1024;
    start(limits);
    std::vector<sys::UniqueFd> hosts;
    for (std::uint32_t port = 6000; port < 6010; ++port) {
        hosts.push_back(open_from_guest(port));
        const std::string chunk(60 * 1024, 'x');
        for (int i = 0; i < 5; ++i)
            static_cast<void>(exchange(guest_header(Operation::data, port, echo_port, 60 * 1024), chunk));
        EXPECT_LE(muxer_->buffered(), limits.max_buffered);
    }
    EXPECT_LT(muxer_->connections(), 10U) << "some had to go";
    EXPECT_GT(muxer_->connections(), 0U);
}

// ---- turns and buffers

TEST_F(MuxerTest, WaitsForReceiveBuffers) {
    EXPECT_TRUE(exchange(guest_header(Operation::request, 5000, echo_port)).empty());
    EXPECT_TRUE(muxer_->has_output());
    driver_.post_receive_buffers(1);
    settle();
    expect_operations(received(), {Operation::response});
    EXPECT_FALSE(muxer_->has_output());
}

TEST_F(MuxerTest, ReadsASocketOnlyIntoBuffersThatAreThere) {
    driver_.keep_buffers();
    driver_.post_receive_buffers(3);
    const sys::UniqueFd host = open_from_guest();
    const std::string text(10 * GuestDriver::receive_buffer_size, 'y');
    write(host, text);
    settle();
    std::string got;
    for (const Packet& packet : received()) got += packet.payload;
    EXPECT_EQ(got.size(), 2 * (GuestDriver::receive_buffer_size - packet_header_size));
    for (int i = 0; i < 10; ++i) {
        driver_.post_receive_buffers(1);
        settle();
        for (const Packet& packet : received()) got += packet.payload;
    }
    EXPECT_EQ(got, text);
}

TEST_F(MuxerTest, ConnectionsTakeTurns) {
    driver_.post_receive_buffers(2);
    const sys::UniqueFd first = open_from_guest(6001);
    const sys::UniqueFd second = open_from_guest(6002);
    const std::string large(150 * 1024, 'l');
    write(first, large);
    write(second, "small");
    std::size_t before_second = 0;
    for (bool found = false; !found;) {
        settle_once();
        for (const Packet& packet : received()) {
            if (packet.header.destination_port == 6002)
                found = true;
            else
                before_second += packet.payload.size();
        }
        ASSERT_LE(before_second, large.size());
    }
    EXPECT_LE(before_second, 68U * 1024) << "one turn and no more";
}

// ---- deadlines

TEST_F(MuxerWithBuffersTest, NothingToWaitForMeansNoDeadline) {
    EXPECT_FALSE(muxer_->next_deadline());
    std::uint32_t port = 0;
    const sys::UniqueFd host = open_from_host(port);
    EXPECT_FALSE(muxer_->next_deadline());
}

TEST_F(MuxerWithBuffersTest, SilentHostProgramIsClosed) {
    const sys::UniqueFd host = connect_host();
    settle();
    ASSERT_TRUE(muxer_->next_deadline());
    EXPECT_EQ(*muxer_->next_deadline(), limits_.line_deadline);
    pass(limits_.line_deadline - std::chrono::milliseconds(1));
    EXPECT_EQ(read(host), "");
    pass(std::chrono::milliseconds(1));
    EXPECT_EQ(read(host), "<eof>");
    EXPECT_EQ(muxer_->connections(), 0U);
}

TEST_F(MuxerWithBuffersTest, SilentGuestEndsTheRequest) {
    const sys::UniqueFd host = connect_host();
    write(host, "CONNECT 80\n");
    settle();
    expect_operations(received(), {Operation::request});
    pass(limits_.answer_deadline);
    EXPECT_EQ(read(host), "<eof>");
    expect_operations(received(), {Operation::reset});
}

TEST_F(MuxerWithBuffersTest, GuestThatNeverResetsIsReset) {
    std::uint32_t port = 0;
    { const sys::UniqueFd host = open_from_host(port); }
    settle();
    expect_operations(received(), {Operation::shutdown});
    pass(limits_.closing_deadline);
    expect_operations(received(), {Operation::reset});
    EXPECT_EQ(muxer_->connections(), 0U);
}

TEST_F(MuxerWithBuffersTest, HostProgramThatTakesNothingOfTheRestIsClosed) {
    const sys::UniqueFd host = open_from_guest();
    const std::string chunk(16 * 1024, 'x');
    while (muxer_->buffered() == 0)
        exchange(guest_header(Operation::data, 5000, echo_port, static_cast<std::uint32_t>(chunk.size())),
                 chunk);
    exchange(guest_header(Operation::shutdown, 5000, echo_port, 0, shutdown_both));
    pass(limits_.draining_deadline - std::chrono::milliseconds(1));
    EXPECT_EQ(muxer_->connections(), 1U);
    pass(std::chrono::milliseconds(1));
    EXPECT_EQ(muxer_->connections(), 0U);
    EXPECT_EQ(muxer_->buffered(), 0U);
}

// ---- limits

TEST_F(MuxerWithBuffersTest, HostProgramsBeyondTheLimitWaitTheirTurn) {
    Limits limits;
    limits.max_connections = 2;
    start(limits);
    std::uint32_t port = 0;
    sys::UniqueFd first = open_from_host(port);
    const sys::UniqueFd second = open_from_host(port);
    const sys::UniqueFd third = connect_host();
    write(third, "CONNECT 80\n");
    settle();
    EXPECT_TRUE(received().empty());
    expect_operations(exchange(guest_header(Operation::reset, 80, port)), {Operation::request});
}

TEST_F(MuxerWithBuffersTest, GuestsBeyondTheLimitAreRefused) {
    Limits limits;
    limits.max_connections = 2;
    start(limits);
    const sys::UniqueFd first = open_from_guest(6001);
    const sys::UniqueFd second = open_from_guest(6002);
    expect_operations(exchange(guest_header(Operation::request, 6003, echo_port)), {Operation::reset});
}

TEST_F(MuxerTest, FloodOfStrayPacketsIsBoundedAndHarmless) {
    // no receive buffers: resets pile up and are dropped beyond a limit, while packets go on being taken
    for (std::uint32_t i = 0; i < 5000; ++i) {
        ASSERT_TRUE(driver_.transmit(guest_header(Operation::data, i, 1)));
        settle();
    }
    driver_.post_receive_buffers(GuestDriver::ring_size);
    std::size_t resets = 0;
    for (int i = 0; i < 100; ++i) {
        settle();
        resets += received().size();
    }
    EXPECT_GT(resets, 100U);
    EXPECT_LE(resets, 1024U);
    EXPECT_EQ(muxer_->connections(), 0U);
}

// ---- hostile packets

TEST_F(MuxerWithBuffersTest, PacketsFromAnotherCidAreDropped) {
    for (const std::uint64_t cid : {0ULL, 1ULL, 2ULL, 4ULL, 0x100000003ULL, ~0ULL}) {
        PacketHeader header = guest_header(Operation::request, 5000, echo_port);
        header.source_cid = cid;
        EXPECT_TRUE(exchange(header).empty()) << cid;
    }
    EXPECT_EQ(muxer_->connections(), 0U);
}

TEST_F(MuxerWithBuffersTest, PacketsToAnotherCidAreReset) {
    for (const std::uint64_t cid : {0ULL, 1ULL, 3ULL, 4ULL, 0x100000002ULL, ~0ULL}) {
        PacketHeader header = guest_header(Operation::request, 5000, echo_port);
        header.destination_cid = cid;
        const auto packets = exchange(header);
        expect_operations(packets, {Operation::reset});
        EXPECT_EQ(packets.at(0).header.source_cid, cid);
        header.operation = static_cast<std::uint16_t>(Operation::reset);
        EXPECT_TRUE(exchange(header).empty()) << "a reset is not answered";
    }
}

TEST_F(MuxerWithBuffersTest, OtherSocketTypesAreReset) {
    for (const auto type : std::initializer_list<std::uint16_t>{0, 2, 3, 0xffff}) {
        PacketHeader header = guest_header(Operation::request, 5000, echo_port);
        header.type = type;
        const auto packets = exchange(header);
        expect_operations(packets, {Operation::reset});
        EXPECT_EQ(packets.at(0).header.type, type);
    }
}

TEST_F(MuxerWithBuffersTest, PacketsForConnectionsThatDoNotExistAreReset) {
    for (const Operation operation :
         {Operation::invalid, Operation::response, Operation::shutdown, Operation::data,
          Operation::credit_update, Operation::credit_request, static_cast<Operation>(99)})
        expect_operations(exchange(guest_header(operation, 5000, echo_port)), {Operation::reset});
    EXPECT_TRUE(exchange(guest_header(Operation::reset, 5000, echo_port)).empty());
}

TEST_F(MuxerWithBuffersTest, OperationsOutOfPlaceEndTheConnection) {
    for (const Operation operation : {Operation::invalid, Operation::request, Operation::response,
                                      static_cast<Operation>(8), static_cast<Operation>(0xffff)}) {
        const sys::UniqueFd host = open_from_guest();
        expect_operations(exchange(guest_header(operation, 5000, echo_port)), {Operation::reset});
        EXPECT_EQ(read(host), "<eof>");
        EXPECT_EQ(muxer_->connections(), 0U);
    }
}

TEST_F(MuxerWithBuffersTest, LengthsThatDoNotMatchEndTheConnection) {
    for (const std::uint32_t length : {0U, 1U, 5U, 0xffffffffU}) {
        const sys::UniqueFd host = open_from_guest();
        expect_operations(exchange(guest_header(Operation::data, 5000, echo_port, length), "abcd"),
                          {Operation::reset});
        EXPECT_EQ(read(host), "<eof>") << "not a byte of it arrived";
    }
}

TEST_F(MuxerWithBuffersTest, PayloadWhereNoneBelongsEndsTheConnection) {
    const sys::UniqueFd host = open_from_guest();
    expect_operations(exchange(guest_header(Operation::credit_update, 5000, echo_port, 4), "abcd"),
                      {Operation::reset});
    expect_operations(exchange(guest_header(Operation::request, 5000, echo_port, 4), "abcd"),
                      {Operation::reset});
    EXPECT_EQ(muxer_->connections(), 0U);
}

TEST_F(MuxerWithBuffersTest, DataAfterTheEndOfSendingEndsTheConnection) {
    const sys::UniqueFd host = open_from_guest();
    exchange(guest_header(Operation::shutdown, 5000, echo_port, 0, shutdown_send));
    expect_operations(exchange(guest_header(Operation::data, 5000, echo_port, 1), "x"), {Operation::reset});
    EXPECT_EQ(read(host), "<eof>");
}

TEST_F(MuxerWithBuffersTest, UnknownShutdownFlagsEndTheConnection) {
    const sys::UniqueFd host = open_from_guest();
    expect_operations(exchange(guest_header(Operation::shutdown, 5000, echo_port, 0, 4)), {Operation::reset});
}

TEST_F(MuxerWithBuffersTest, AnAnswerBeforeTheQuestionEndsTheConnection) {
    const sys::UniqueFd host = connect_host();
    write(host, "CONNECT 80\n");
    ASSERT_TRUE(driver_.transmit(guest_header(Operation::data, 80, 0x40000000, 1), "x"));
    settle();
    settle();
    const auto packets = received();
    ASSERT_FALSE(packets.empty());
    EXPECT_NE(read(host).substr(0, 2), "OK");
}

TEST_F(MuxerWithBuffersTest, ACutHeaderIsIgnored) {
    driver_.transmit_ring().describe(0, TestMemory::guest_base + GuestDriver::transmit_area,
                                     packet_header_size - 1, 0);
    driver_.transmit_ring().make_available(0);
    settle();
    EXPECT_TRUE(received().empty());
    EXPECT_EQ(driver_.reclaim(), 1U);
}

TEST_F(MuxerWithBuffersTest, AHeaderInPiecesIsUnderstood) {
    const std::uint64_t at = GuestDriver::transmit_area;
    const PacketHeaderBytes bytes =
        serialise_packet_header(guest_header(Operation::request, 5000, echo_port));
    std::copy(bytes.begin(), bytes.end(), driver_.memory().start() + at);
    for (std::uint16_t i = 0; i < packet_header_size; ++i)
        driver_.transmit_ring().describe(
            i, TestMemory::guest_base + at + i, 1,
            static_cast<std::uint16_t>(i + 1U == packet_header_size ? 0 : fakes::RingDriver::flag_next),
            static_cast<std::uint16_t>(i + 1));
    driver_.transmit_ring().make_available(0);
    settle();
    expect_operations(received(), {Operation::response});
}

TEST_F(MuxerTest, ReceiveBuffersTooSmallForAHeaderEndTheDevice) {
    driver_.receive_ring().describe(0, TestMemory::guest_base + GuestDriver::transmit_area,
                                    packet_header_size - 1, fakes::RingDriver::flag_write);
    driver_.receive_ring().make_available(0);
    ASSERT_TRUE(driver_.transmit(guest_header(Operation::data, 1, 1)));
    ASSERT_TRUE(muxer_->process_transmit(transmit_));
    EXPECT_FALSE(muxer_->fill_receive(receive_));
}

TEST_F(MuxerWithBuffersTest, RingsThatStopTakeTheConnectionsWithThem) {
    const sys::UniqueFd host = open_from_guest();
    const sys::UniqueFd other = connect_host();
    settle();
    muxer_->reset();
    EXPECT_EQ(read(host), "<eof>");
    EXPECT_EQ(read(other), "<eof>");
    EXPECT_EQ(muxer_->connections(), 0U);
    EXPECT_FALSE(muxer_->has_output());
}

}  // namespace
}  // namespace hutch::vsock
