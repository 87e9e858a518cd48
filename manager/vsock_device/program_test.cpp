// The program hutch-vsock as it is installed: its command line, its exit codes, and that it lives on the
// system calls that syscalls.hpp lists.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/sys/file.hpp"
#include "common/sys/process.hpp"
#include "common/sys/unix_socket.hpp"
#include "common/testing/temporary_directory.hpp"
#include "manager/vsock_device/syscalls.hpp"
#include "manager/vsock_device/testing/fake_front_end.hpp"

namespace hutch::vsock {
namespace {

using fakes::FakeFrontEnd;
using fakes::FakeGuest;
using fakes::GuestDriver;
using fakes::RingDriver;

bool allow_only_listed_calls() {
#ifdef HUTCH_VSOCK_FILTERED
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (filter == nullptr) return false;
    for (const int call : system_calls) {
        const bool is_socket = call == SYS_socket;
        const int added =
            is_socket ? seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX))
                      : seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
        if (added != 0) return false;
    }
    return seccomp_load(filter) == 0;
#else
    return true;
#endif
}

class ProgramTest : public ::testing::Test {
protected:
    void SetUp() override {
        directory_fd_ = sys::open_directory(directory_.path()).value();
        vhost_ = sys::listen_unix(directory_fd_, "vhost.sock", 1).value();
        host_ = sys::listen_unix(directory_fd_, "vsock.sock", 512).value();
        port_ = sys::listen_unix(directory_fd_, "vsock.sock_7", 512).value();
        errors_ = std::move(*sys::make_pipe(O_NONBLOCK));
    }

    // Starts the program; `arguments` follow the two descriptors.
    sys::ChildProcess start(std::vector<std::string> arguments = {}) {
        const std::vector<std::string> standard = {HUTCH_VSOCK_PROGRAM, "--vhost-fd", "50",
                                                   "--listen-fd",       "51",         "--host-socket-dir",
                                                   directory_.path()};
        arguments.insert(arguments.begin(), standard.begin(), standard.end());
        std::vector<char*> argv;
        for (std::string& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        const pid_t child = ::fork();
        if (child == 0) {
            ::dup2(vhost_.get(), 50);
            ::dup2(host_.get(), 51);
            ::dup2(errors_.write_end.get(), STDERR_FILENO);
            char* const environment[] = {nullptr};
            if (!allow_only_listed_calls()) ::_exit(99);
            ::execve(argv[0], argv.data(), environment);
            ::_exit(98);
        }
        vhost_.reset();
        return std::move(*sys::ChildProcess::adopt(child));
    }
    std::unique_ptr<FakeGuest> connect_guest() {
        return std::make_unique<FakeGuest>(sys::connect_unix(directory_fd_, "vhost.sock").value(),
                                           FakeFrontEnd::features);
    }
    std::string errors() {
        char text[4096];
        const ssize_t count = ::read(errors_.read_end.get(), text, sizeof text);
        return count > 0 ? std::string(text, static_cast<std::size_t>(count)) : "";
    }
    static std::string read_some(const sys::UniqueFd& fd) {
        char text[65536];
        const ssize_t count = ::read(fd.get(), text, sizeof text);
        return count > 0 ? std::string(text, static_cast<std::size_t>(count)) : "";
    }
    sys::UniqueFd connect_host(std::string_view line) {
        sys::UniqueFd fd = sys::connect_unix(directory_fd_, "vsock.sock").value();
        EXPECT_TRUE(sys::write_all(fd, line));
        return fd;
    }

    hutch::testing_support::TemporaryDirectory directory_;
    sys::UniqueFd directory_fd_;
    sys::UniqueFd vhost_;
    sys::UniqueFd host_;
    sys::UniqueFd port_;
    sys::Pipe errors_;
};

TEST_F(ProgramTest, ServesBothDirectionsAndEndsWithTheFrontEnd) {
    sys::ChildProcess program = start();
    auto guest = connect_guest();
    const auto stream = guest->connect(7);
    ASSERT_TRUE(stream);
    const sys::UniqueFd accepted(::accept4(port_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    EXPECT_FALSE(guest->connect(8)) << "nobody listens";

    const sys::UniqueFd host = connect_host("CONNECT 80\n");
    const FakeGuest::Stream served = guest->accept();
    EXPECT_EQ(read_some(host), "OK " + std::to_string(served.host_port) + "\n");
    ASSERT_TRUE(sys::write_all(host, "ping"));
    EXPECT_EQ(guest->receive(served, 4), "ping");

    const sys::UniqueFd malformed = connect_host("GET / HTTP/1.1\r\nHost: guest\r\n\r\n");
    EXPECT_EQ(read_some(malformed), "");

    // more than the socket takes, which is held, then taken, then ended
    const std::string chunk(64UL * 1024, 'x');
    for (int i = 0; i < 4; ++i) guest->send(*stream, chunk);
    guest->shutdown(*stream, shutdown_send);
    std::size_t got = 0;
    for (std::string part = read_some(accepted); !part.empty(); part = read_some(accepted))
        got += part.size();
    EXPECT_EQ(got, 4 * chunk.size());

    std::vector<sys::UniqueFd> crowd;
    for (int i = 0; i < 100; ++i) crowd.push_back(connect_host("CONNECT 80\n"));
    for (int i = 0; i < 100; ++i) static_cast<void>(guest->accept());
    crowd.clear();

    guest->front_end().disconnect();
    const auto status = program.wait();
    ASSERT_TRUE(status);
    EXPECT_EQ(status->describe(), "exit code 0") << errors();
    EXPECT_EQ(errors(), "");
}

TEST_F(ProgramTest, SaysWhatAGuestDidToItsRing) {
    sys::ChildProcess program = start();
    auto guest = connect_guest();
    RingDriver& ring = guest->driver().transmit_ring();
    ring.make_available(GuestDriver::ring_size);
    guest->front_end().kick(1);
    EXPECT_EQ(program.wait()->describe(), "exit code 1");
    EXPECT_EQ(errors(), "hutch-vsock: read a virtqueue: a descriptor number is out of range\n");
}

TEST_F(ProgramTest, SaysWhatAFrontEndDid) {
    sys::ChildProcess program = start();
    FakeFrontEnd front_end(sys::connect_unix(directory_fd_, "vhost.sock").value());
    const std::uint32_t words[] = {77, 1, 0};
    front_end.send_raw(std::as_bytes(std::span(words)));
    EXPECT_EQ(program.wait()->describe(), "exit code 1");
    EXPECT_EQ(errors(), "hutch-vsock: vhost-user front-end: request 77 is not known\n");
}

// The guest's memory file can be cut by whoever holds it; the device then dies by the access fault, which
// ends this VM only.
TEST_F(ProgramTest, DiesWhenTheMemoryFileIsCut) {
    sys::ChildProcess program = start();
    auto guest = connect_guest();
    ASSERT_TRUE(guest->connect(7));
    ASSERT_EQ(::ftruncate(guest->driver().memory().file().get(), 0), 0);
    const sys::UniqueFd host = connect_host("CONNECT 80\n");
    const auto status = program.wait();
    EXPECT_TRUE(status->signal == SIGBUS || status->exit_code != 0) << status->describe();
}

TEST_F(ProgramTest, SaysWhenFewerConnectionsFit) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    sys::ChildProcess program = start({"--max-connections", "65536"});
    connect_guest()->front_end().disconnect();
    EXPECT_EQ(program.wait()->describe(), "exit code 0");
    const bool fewer = before.rlim_max != RLIM_INFINITY && before.rlim_max < 65536 + 32;
    EXPECT_EQ(errors().find("connections") != std::string::npos, fewer);
}

TEST_F(ProgramTest, ExitsWithTwoForAWrongCommandLine) {
    sys::ChildProcess program = start({"--guest-cid", "2"});
    EXPECT_EQ(program.wait()->describe(), "exit code 2");
    EXPECT_NE(errors().find("--guest-cid"), std::string::npos);
}

}  // namespace
}  // namespace hutch::vsock
