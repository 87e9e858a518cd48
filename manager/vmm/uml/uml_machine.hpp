#pragma once

#include <chrono>

#include "common/sys/process.hpp"
#include "manager/vmm/driver.hpp"
#include "manager/vmm/uml/cpu_allocator.hpp"

namespace hutch::vmm::uml {

/// A running user-mode Linux guest: the kernel process (PID 1 of a PID namespace that holds all its
/// processes) and its vsock device.
class UmlMachine final : public Machine {
public:
    UmlMachine(sys::ChildProcess kernel, sys::ChildProcess vsock_device, CpuAllocator::Lease cpu)
        : cpu_(std::move(cpu)), kernel_(std::move(kernel)), vsock_device_(std::move(vsock_device)) {}

    [[nodiscard]] std::vector<int> exit_descriptors() const override;
    [[nodiscard]] Result<std::optional<MachineExit>> wait(std::chrono::milliseconds timeout) override;
    [[nodiscard]] Result<void> kill() override;

private:
    CpuAllocator::Lease cpu_;
    sys::ChildProcess kernel_;
    sys::ChildProcess vsock_device_;
};

}  // namespace hutch::vmm::uml
