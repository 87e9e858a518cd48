#include "manager/store/guest_address.hpp"

#include <gtest/gtest.h>

namespace hutch::store {
namespace {

TEST(GuestAddress, ReadsBackWhatItWrites) {
    EXPECT_EQ(guest_address(2), "172.16.0.2");
    EXPECT_EQ(guest_address(256), "172.16.1.0");
    EXPECT_EQ(guest_address(65534), "172.16.255.254");
    for (std::int64_t offset = first_guest_offset; offset <= last_guest_offset; ++offset) {
        ASSERT_EQ(guest_address_offset(guest_address(offset)), offset);
    }
}

TEST(GuestAddress, RefusesWhatNoGuestMayHave) {
    for (const char* text : {"", "172.16.0.0", "172.16.0.1", "172.16.255.255", "172.17.0.2", "127.0.0.1",
                             "172.16.0.2 ", "172.16.2", "172.16.0.02x", "::1"}) {
        EXPECT_FALSE(guest_address_offset(text)) << text;
    }
}

}  // namespace
}  // namespace hutch::store
