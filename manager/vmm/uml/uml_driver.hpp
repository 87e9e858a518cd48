#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "manager/jail/launcher.hpp"
#include "manager/vmm/driver.hpp"
#include "manager/vmm/uml/cpu_allocator.hpp"

namespace hutch::vmm::uml {

/// User-mode Linux in ptrace mode: full guest kernels on hosts without hardware virtualization, one vCPU
/// each. Any thread.
class UmlDriver final : public VmmDriver {
public:
    struct Options {
        std::filesystem::path vsock_program;  ///< hutch-vsock
        std::filesystem::path kernel;         ///< for the calibration
        std::string kernel_digest;
        std::filesystem::path calibration_file;
    };

    /// Calibrates the kernel, which also proves that it runs on this host.
    [[nodiscard]] static Result<std::unique_ptr<UmlDriver>> create(jail::Launcher launcher, Options options);

    [[nodiscard]] std::string name() const override { return "uml"; }
    [[nodiscard]] Capabilities capabilities() const override { return {}; }
    [[nodiscard]] Result<std::unique_ptr<Machine>> launch(const LaunchRequest& request) override;
    [[nodiscard]] Result<void> end_leftovers(const std::filesystem::path& directory) override;

private:
    UmlDriver(jail::Launcher launcher, Options options, std::shared_ptr<CpuAllocator> cpus,
              std::uint64_t loops_per_jiffy)
        : launcher_(std::move(launcher)),
          options_(std::move(options)),
          cpus_(std::move(cpus)),
          loops_per_jiffy_(loops_per_jiffy) {}

    [[nodiscard]] Result<sys::ChildProcess> launch_vsock_device(const LaunchRequest& request,
                                                                const sys::UniqueFd& vhost_listener,
                                                                int cpu) const;
    [[nodiscard]] Result<sys::ChildProcess> launch_kernel(const LaunchRequest& request, int cpu) const;

    jail::Launcher launcher_;
    Options options_;
    std::shared_ptr<CpuAllocator> cpus_;
    std::uint64_t loops_per_jiffy_;
};

}  // namespace hutch::vmm::uml
