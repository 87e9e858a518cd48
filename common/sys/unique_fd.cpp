#include "common/sys/unique_fd.hpp"

#include <unistd.h>

namespace hutch::sys {

void UniqueFd::reset() noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

}  // namespace hutch::sys
