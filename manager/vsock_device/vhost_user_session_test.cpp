#include "manager/vsock_device/vhost_user_session.hpp"

#include <cstring>

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "manager/vsock_device/testing/ring_driver.hpp"
#include "manager/vsock_device/testing/test_memory.hpp"

namespace hutch::vsock {
namespace {

using fakes::RingDriver;
using fakes::TestMemory;

constexpr std::uint64_t bit(unsigned number) {
    return std::uint64_t{1} << number;
}
constexpr std::uint64_t good_features = bit(29) | bit(30) | bit(32);
constexpr std::uint64_t reply_ack = bit(3);

template <class... Values>
std::vector<std::byte> payload_of(Values... values) {
    std::vector<std::byte> bytes;
    const auto append = [&](auto value) {
        bytes.resize(bytes.size() + sizeof value);
        std::memcpy(bytes.data() + bytes.size() - sizeof value, &value, sizeof value);
    };
    (append(values), ...);
    return bytes;
}

class VhostUserSessionTest : public ::testing::Test {
protected:
    using Reply = std::optional<std::vector<std::byte>>;

    Result<Reply> send(Request request, std::vector<std::byte> payload = {},
                       std::vector<sys::UniqueFd> descriptors = {}, std::uint32_t flags = 1) {
        Message message;
        message.header = {static_cast<std::uint32_t>(request), flags,
                          static_cast<std::uint32_t>(payload.size())};
        message.payload = std::move(payload);
        message.descriptors = std::move(descriptors);
        return session_.handle(std::move(message));
    }
    static std::vector<sys::UniqueFd> one(sys::UniqueFd fd) {
        std::vector<sys::UniqueFd> list;
        list.push_back(std::move(fd));
        return list;
    }
    static std::vector<sys::UniqueFd> event() {
        return one(sys::UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));
    }
    Result<Reply> send_memory(const TestMemory& memory) {
        const MemoryRegion region = memory.region();
        return send(Request::set_memory_table,
                    payload_of(std::uint32_t{1}, std::uint32_t{0}, region.guest_address, region.size,
                               region.user_address, region.file_offset),
                    one(sys::UniqueFd(::dup(memory.file().get()))));
    }
    [[nodiscard]] std::vector<std::byte> addresses(std::uint32_t index) const {
        const RingDriver& driver = drivers_[index];
        return payload_of(index, std::uint32_t{0}, TestMemory::user_base + driver.descriptors(),
                          TestMemory::user_base + driver.used(), TestMemory::user_base + driver.available(),
                          ~std::uint64_t{0});
    }
    void set_up_ring(std::uint32_t index) {
        ASSERT_TRUE(send(Request::set_ring_size, payload_of(index, std::uint32_t{8})));
        ASSERT_TRUE(send(Request::set_ring_base, payload_of(index, std::uint32_t{0})));
        ASSERT_TRUE(send(Request::set_ring_addresses, addresses(index)));
        ASSERT_TRUE(send(Request::set_ring_kick, payload_of(std::uint64_t{index}), event()));
    }
    Result<Reply> enable(std::uint32_t index, std::uint32_t on = 1) {
        return send(Request::set_ring_enable, payload_of(index, on));
    }
    void start() {
        ASSERT_TRUE(send(Request::set_features, payload_of(good_features)));
        ASSERT_TRUE(send_memory(memory_));
        for (const std::uint32_t index : {0U, 1U, 2U}) {
            set_up_ring(index);
            ASSERT_TRUE(enable(index));
        }
    }

    TestMemory memory_{0x10000};
    std::array<RingDriver, 3> drivers_{RingDriver(memory_.start(), 0, 8),
                                       RingDriver(memory_.start(), 0x1000, 8),
                                       RingDriver(memory_.start(), 0x2000, 8)};
    Poller poller_ = std::move(*Poller::create());
    VhostUserSession session_{3, poller_, 1};
};

TEST_F(VhostUserSessionTest, OffersWhatUserModeLinuxNeeds) {
    const auto features = send(Request::get_features).value().value();
    EXPECT_EQ(features, serialise_reply(1, payload_of(good_features)));
    const auto protocol = send(Request::get_protocol_features).value().value();
    EXPECT_EQ(protocol, serialise_reply(15, payload_of(bit(0) | bit(3) | bit(5) | bit(9))));
    EXPECT_EQ(send(Request::get_queue_count).value().value(),
              serialise_reply(17, payload_of(std::uint64_t{3})));
    EXPECT_TRUE(send(Request::set_owner));
    EXPECT_TRUE(send(Request::set_backend_request_fd, {}, event()));
}

TEST_F(VhostUserSessionTest, RingsRunOnceAllIsThere) {
    ASSERT_TRUE(send(Request::set_features, payload_of(good_features)));
    ASSERT_TRUE(send_memory(memory_));
    set_up_ring(0);
    EXPECT_EQ(session_.queue(Ring::receive), nullptr) << "not enabled yet";
    ASSERT_TRUE(enable(0));
    EXPECT_NE(session_.queue(Ring::receive), nullptr);
    EXPECT_EQ(session_.queue(Ring::transmit), nullptr);
    ASSERT_TRUE(enable(0, 0));
    EXPECT_EQ(session_.queue(Ring::receive), nullptr);
}

TEST_F(VhostUserSessionTest, RingsNeedNoEnablingWithoutProtocolFeatures) {
    ASSERT_TRUE(send(Request::set_features, payload_of(bit(32))));
    ASSERT_TRUE(send_memory(memory_));
    set_up_ring(1);
    EXPECT_NE(session_.queue(Ring::transmit), nullptr);
}

TEST_F(VhostUserSessionTest, AcknowledgesOnceNegotiatedAndAsked) {
    const auto one_flag = payload_of(std::uint32_t{0}, std::uint32_t{8});
    EXPECT_FALSE(send(Request::set_ring_size, one_flag, {}, 9).value()) << "not negotiated";
    ASSERT_TRUE(send(Request::set_protocol_features, payload_of(reply_ack)));
    EXPECT_FALSE(send(Request::set_ring_size, one_flag, {}, 1).value()) << "not asked";
    EXPECT_EQ(send(Request::set_ring_size, one_flag, {}, 9).value().value(),
              serialise_reply(8, payload_of(std::uint64_t{0})));
    EXPECT_EQ(send(Request::set_config, payload_of(0U, 1U, 0U, std::uint8_t{1}), {}, 9).value().value(),
              serialise_reply(25, payload_of(std::uint64_t{1})))
        << "the configuration cannot be written";
}

TEST_F(VhostUserSessionTest, TellsTheGuestItsCid) {
    const auto request = payload_of(std::uint32_t{0}, std::uint32_t{8}, std::uint32_t{0}, std::uint64_t{0});
    EXPECT_EQ(send(Request::get_config, request).value().value(),
              serialise_reply(
                  24, payload_of(std::uint32_t{0}, std::uint32_t{8}, std::uint32_t{0}, std::uint64_t{3})));
    const auto upper = payload_of(std::uint32_t{4}, std::uint32_t{4}, std::uint32_t{0}, std::uint32_t{9});
    EXPECT_EQ(send(Request::get_config, upper).value().value(),
              serialise_reply(
                  24, payload_of(std::uint32_t{4}, std::uint32_t{4}, std::uint32_t{0}, std::uint32_t{0})));
    for (const std::uint32_t offset : {5U, 8U, 0xffffffffU}) {
        const auto outside = payload_of(offset, std::uint32_t{4}, std::uint32_t{0}, std::uint32_t{9});
        EXPECT_EQ(send(Request::get_config, outside).value().value(), serialise_reply(24, {})) << offset;
    }
}

TEST_F(VhostUserSessionTest, ReportsAndStopsAtTheRingBase) {
    start();
    drivers_[1].describe(0, TestMemory::guest_base + 0x8000, 4, 0);
    drivers_[1].make_available(0);
    std::array<iovec, max_chain_length> storage;
    Chain chain;
    ASSERT_TRUE(session_.queue(Ring::transmit)->pop(storage, chain).value());
    EXPECT_EQ(send(Request::get_ring_base, payload_of(std::uint32_t{1}, std::uint32_t{0})).value().value(),
              serialise_reply(11, payload_of(std::uint32_t{1}, std::uint32_t{1})));
    EXPECT_EQ(session_.queue(Ring::transmit), nullptr);
    EXPECT_NE(session_.queue(Ring::receive), nullptr);
    set_up_ring(1);
    EXPECT_NE(session_.queue(Ring::transmit), nullptr)
        << "still enabled, so it runs again with a kick descriptor";
}

TEST_F(VhostUserSessionTest, InterruptsOnlyWhenAsked) {
    start();
    sys::UniqueFd call(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    ASSERT_TRUE(
        send(Request::set_ring_call, payload_of(std::uint64_t{1}), one(sys::UniqueFd(::dup(call.get())))));
    std::uint64_t count = 0;
    session_.publish(Ring::transmit);
    EXPECT_LT(::read(call.get(), &count, sizeof count), 0) << "nothing was used";
    session_.queue(Ring::transmit)->push(0, 0);
    session_.publish(Ring::transmit);
    EXPECT_EQ(::read(call.get(), &count, sizeof count), 8);
    EXPECT_EQ(count, 1U);
}

TEST_F(VhostUserSessionTest, GoesOnWithANewMemoryTableThatStillHoldsTheRings) {
    start();
    ASSERT_TRUE(send_memory(memory_));
    EXPECT_NE(session_.queue(Ring::receive), nullptr);
}

TEST_F(VhostUserSessionTest, FailsWhenANewMemoryTableTakesTheRingsAway) {
    start();
    const TestMemory small(0x1000);
    EXPECT_FALSE(send_memory(small));
}

TEST_F(VhostUserSessionTest, RefusesChangesToARingThatRuns) {
    start();
    EXPECT_FALSE(send(Request::set_ring_size, payload_of(0U, 16U)));
    EXPECT_FALSE(send(Request::set_ring_base, payload_of(0U, 16U)));
    EXPECT_FALSE(send(Request::set_ring_addresses, addresses(0)));
    EXPECT_FALSE(send(Request::set_features, payload_of(good_features)));
}

TEST_F(VhostUserSessionTest, RefusesRingsOutOfRange) {
    for (const std::uint32_t index : {3U, 255U, 0xffffffffU}) {
        EXPECT_FALSE(send(Request::set_ring_size, payload_of(index, 8U)));
        EXPECT_FALSE(enable(index));
        EXPECT_FALSE(send(Request::get_ring_base, payload_of(index, 0U)));
    }
    EXPECT_FALSE(send(Request::set_ring_kick, payload_of(std::uint64_t{3}), event()));
    EXPECT_FALSE(send(Request::set_ring_base, payload_of(0U, 0x10000U)));
    EXPECT_FALSE(enable(0, 2));
    for (const std::uint32_t size : {0U, 3U, 65536U, 0xffffffffU})
        EXPECT_FALSE(send(Request::set_ring_size, payload_of(0U, size))) << size;
}

TEST_F(VhostUserSessionTest, RefusesRingAddressesOutsideMemory) {
    ASSERT_TRUE(send(Request::set_features, payload_of(good_features)));
    ASSERT_TRUE(send_memory(memory_));
    ASSERT_TRUE(send(Request::set_ring_size, payload_of(0U, 8U)));
    ASSERT_TRUE(
        send(Request::set_ring_addresses, payload_of(0U, 0U, TestMemory::guest_base, TestMemory::guest_base,
                                                     TestMemory::guest_base, std::uint64_t{0})));
    ASSERT_TRUE(send(Request::set_ring_kick, payload_of(std::uint64_t{0}), event()));
    EXPECT_FALSE(enable(0)) << "guest addresses are not front-end addresses";
}

TEST_F(VhostUserSessionTest, RefusesARingBeforeThereIsMemory) {
    ASSERT_TRUE(send(Request::set_features, payload_of(good_features)));
    set_up_ring(0);
    EXPECT_FALSE(enable(0));
}

TEST_F(VhostUserSessionTest, RefusesFeaturesThatWereNotOffered) {
    EXPECT_FALSE(send(Request::set_features, payload_of(good_features | bit(28))));
    EXPECT_FALSE(send(Request::set_features, payload_of(bit(30)))) << "before virtio 1";
    EXPECT_FALSE(send(Request::set_protocol_features, payload_of(bit(1))));
}

TEST_F(VhostUserSessionTest, RefusesMissingAndSurplusDescriptors) {
    const MemoryRegion region = memory_.region();
    const auto table =
        payload_of(1U, 0U, region.guest_address, region.size, region.user_address, region.file_offset);
    EXPECT_FALSE(send(Request::set_memory_table, table)) << "no file";
    std::vector<sys::UniqueFd> two = event();
    two.push_back(std::move(event()[0]));
    EXPECT_FALSE(send(Request::set_memory_table, table, std::move(two))) << "two files for one region";
    EXPECT_FALSE(send(Request::set_memory_table, table, event())) << "not a file";
    EXPECT_FALSE(send(Request::set_ring_kick, payload_of(std::uint64_t{0})));
    EXPECT_FALSE(send(Request::set_ring_call, payload_of(std::uint64_t{0})));
    EXPECT_FALSE(send(Request::set_ring_call, payload_of(std::uint64_t{0x100}), event()));
    EXPECT_FALSE(send(Request::set_backend_request_fd));
    EXPECT_FALSE(send(Request::get_features, {}, event()));
    EXPECT_FALSE(send(Request::set_owner, {}, event()));
}

TEST_F(VhostUserSessionTest, RefusesARingWithoutAKickDescriptor) {
    EXPECT_FALSE(send(Request::set_ring_kick, payload_of(std::uint64_t{0x100})));
    EXPECT_TRUE(send(Request::set_ring_call, payload_of(std::uint64_t{0x100}))) << "no interrupts wanted";
    EXPECT_TRUE(send(Request::set_ring_error, payload_of(std::uint64_t{0}), event()));
    EXPECT_FALSE(send(Request::set_ring_kick, payload_of(std::uint64_t{0}),
                      one(sys::UniqueFd(::dup(memory_.file().get())))))
        << "a file cannot be waited for";
}

TEST_F(VhostUserSessionTest, RefusesUnknownRequests) {
    for (const std::uint32_t request : {0U, 4U, 6U, 7U, 19U, 26U, 35U, 40U, 0xffffffffU})
        EXPECT_FALSE(send(static_cast<Request>(request))) << request;
}

}  // namespace
}  // namespace hutch::vsock
