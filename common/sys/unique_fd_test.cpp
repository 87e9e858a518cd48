#include "common/sys/unique_fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace hutch::sys {
namespace {

bool is_open(int fd) {
    return ::fcntl(fd, F_GETFD) >= 0;
}

TEST(UniqueFd, ClosesOnDestruction) {
    int number = -1;
    {
        const UniqueFd fd(::open("/dev/null", O_RDONLY));
        number = fd.get();
        ASSERT_TRUE(is_open(number));
    }
    EXPECT_FALSE(is_open(number));
}

TEST(UniqueFd, MoveTransfersOwnership) {
    UniqueFd first(::open("/dev/null", O_RDONLY));
    const int number = first.get();
    const UniqueFd second(std::move(first));
    EXPECT_EQ(second.get(), number);
    EXPECT_TRUE(is_open(number));
}

}  // namespace
}  // namespace hutch::sys
