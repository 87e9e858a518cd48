#include "manager/vsock_device/isolation.hpp"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hutch::vsock {
namespace {

// Runs `check` in a child of its own, which the process-wide changes end with. True when it returned true.
template <class Check>
bool in_child(Check check) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(check() ? 0 : 1);
    int status = 0;
    return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(Isolation, CanNeitherBeDumpedNorGainPrivileges) {
    EXPECT_TRUE(in_child([] {
        return isolate().has_value() && ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 &&
               ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    }));
}

TEST(Isolation, SurvivesAPipeWithoutReader) {
    EXPECT_TRUE(in_child([] {
        int ends[2];
        if (!isolate() || ::pipe(ends) != 0) return false;
        ::close(ends[0]);
        return ::write(ends[1], "x", 1) < 0;
    }));
}

TEST(Isolation, FitsConnectionsToTheLimitOfOpenFiles) {
    EXPECT_TRUE(in_child([] {
        const rlimit limit{64, 100};
        if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
        const std::size_t room = make_room_for_connections(1024);
        rlimit now{};
        return room > 50 && room < 100 && make_room_for_connections(10) == 10 &&
               ::getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur == 100;
    }));
}

}  // namespace
}  // namespace hutch::vsock
