#include "manager/vsock_device/isolation.hpp"

#include <algorithm>
#include <cerrno>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace hutch::vsock {

Result<void> isolate() {
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return fail_errno("prctl PR_SET_DUMPABLE", errno);
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("prctl PR_SET_NO_NEW_PRIVS", errno);
    if (::signal(SIGPIPE, SIG_IGN) == SIG_ERR) return fail_errno("ignore SIGPIPE", errno);
    return {};
}

std::size_t make_room_for_connections(std::size_t wanted) {
    // standard streams, listeners, epoll, front-end, back-end requests, three descriptors for each of three
    // rings, and up to eight that come with a message
    constexpr rlim_t others = 32;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
    if (limit.rlim_cur < limit.rlim_max) {
        const rlimit raised{limit.rlim_max, limit.rlim_max};
        if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    }
    const rlim_t room = limit.rlim_cur > others ? limit.rlim_cur - others : 1;
    return static_cast<std::size_t>(std::min<rlim_t>(wanted, room));
}

}  // namespace hutch::vsock
