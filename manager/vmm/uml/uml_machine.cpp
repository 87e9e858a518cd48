#include "manager/vmm/uml/uml_machine.hpp"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>

namespace hutch::vmm::uml {

std::vector<int> UmlMachine::exit_descriptors() const {
    return {kernel_.pidfd().get(), vsock_device_.pidfd().get()};
}

Result<std::optional<MachineExit>> UmlMachine::wait(std::chrono::milliseconds timeout) {
    pollfd entries[] = {{kernel_.pidfd().get(), POLLIN, 0}, {vsock_device_.pidfd().get(), POLLIN, 0}};
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    int ready = 0;
    do {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        ready = ::poll(entries, 2, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30)));
    } while (ready < 0 && errno == EINTR);
    if (ready < 0) return fail_errno("wait for guest", errno);
    if (ready == 0) return std::optional<MachineExit>{};

    // The device ends by itself when the kernel is gone, so when both have ended the kernel is the cause.
    const bool kernel_ended = (entries[0].revents & POLLIN) != 0;
    sys::ChildProcess& ended = kernel_ended ? kernel_ : vsock_device_;
    HUTCH_TRY(const sys::ExitStatus status, ended.wait());
    HUTCH_CHECK(kill());
    return std::optional(MachineExit{std::string(kernel_ended ? "the guest kernel" : "the vsock device") + " ended with " +
                                     status.describe()});
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
