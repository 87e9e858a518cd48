// hutch-vsock: reads the command line, gives up what it can, runs the device.

#include <cerrno>
#include <span>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "manager/vsock_device/device.hpp"
#include "manager/vsock_device/isolation.hpp"
#include "manager/vsock_device/options.hpp"

namespace {

using namespace hutch;

void print(int fd, std::string_view text) {
    // nobody is left to tell when this fails
    if (::write(fd, text.data(), text.size()) < 0) return;
}

/// Takes over a listening socket that the launcher left open.
Result<sys::UniqueFd> inherit(int fd) {
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        return fail_errno("take over descriptor " + std::to_string(fd), errno);
    return sys::UniqueFd(fd);
}

Result<void> run(const vsock::Options& options) {
    HUTCH_CHECK(vsock::isolate());
    vsock::Device::Setup setup;
    setup.guest_cid = options.guest_cid;
    HUTCH_TRY(setup.front_end_listener, inherit(options.front_end_listener));
    HUTCH_TRY(setup.host_listener, inherit(options.host_listener));
    setup.host_socket_directory = options.host_socket_directory;
    setup.limits.max_connections = vsock::make_room_for_connections(options.max_connections);
    if (setup.limits.max_connections < options.max_connections)
        print(STDERR_FILENO, "hutch-vsock: the limit of open files allows only " +
                                 std::to_string(setup.limits.max_connections) + " connections\n");
    HUTCH_TRY(const auto device, vsock::Device::create(std::move(setup)));
    return device->run();
}

}  // namespace

int main(int argc, char** argv) {
    const std::span<const char* const> arguments(argv, static_cast<std::size_t>(argc));
    const auto options = vsock::Options::parse(arguments.subspan(arguments.empty() ? 0 : 1));
    if (!options) {
        print(STDERR_FILENO, "hutch-vsock: " + options.error().message + " (see --help)\n");
        return 2;
    }
    if (options->help) {
        print(STDOUT_FILENO, vsock::usage);
        return 0;
    }
    if (const auto result = run(*options); !result) {
        print(STDERR_FILENO, "hutch-vsock: " + result.error().message + "\n");
        return 1;
    }
    return 0;
}
