#include "manager/vmm/uml/uml_machine.hpp"

#include <algorithm>
#include <cerrno>

#include <poll.h>
#include <signal.h>

namespace hutch::vmm::uml {

namespace {

/// The kernel's end takes as long as that of all its guest's processes; the device sees the closed connection
/// before.
constexpr int kernel_end_ms = 2'000;

}  // namespace

std::vector<int> UmlMachine::exit_descriptors() const {
    return {kernel_.pidfd().get(), vsock_device_.pidfd().get()};
}

Result<std::optional<MachineExit>> UmlMachine::wait(std::chrono::milliseconds timeout) {
    pollfd entries[] = {{kernel_.pidfd().get(), POLLIN, 0}, {vsock_device_.pidfd().get(), POLLIN, 0}};
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    int ready = 0;
    do {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        ready = ::poll(entries, 2, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30)));
    } while (ready < 0 && errno == EINTR);
    if (ready < 0) return fail_errno("wait for guest", errno);
    if (ready == 0) return std::optional<MachineExit>{};

    // The device ends by itself (exit code 0) when the kernel is gone: then the kernel is the cause, even if
    // it is not quite dead yet.
    bool kernel_ended = (entries[0].revents & POLLIN) != 0;
    sys::ExitStatus status;
    if (!kernel_ended) {
        HUTCH_TRY(status, vsock_device_.wait());
        if (status.exit_code == 0 && status.signal == 0) kernel_ended = ::poll(entries, 1, kernel_end_ms) > 0;
    }
    if (kernel_ended) {
        HUTCH_TRY(status, kernel_.wait());
    }
    HUTCH_CHECK(kill());
    return std::optional(MachineExit{std::string(kernel_ended ? "the guest kernel" : "the vsock device") +
                                     " ended with " + status.describe()});
}

Result<void> UmlMachine::kill() {
    HUTCH_CHECK(kernel_.send_signal(SIGKILL));
    HUTCH_CHECK(vsock_device_.send_signal(SIGKILL));
    HUTCH_TRY(const sys::ExitStatus kernel, kernel_.wait());
    HUTCH_TRY(const sys::ExitStatus device, vsock_device_.wait());
    (void)kernel;
    (void)device;
    return {};
}

}  // namespace hutch::vmm::uml
