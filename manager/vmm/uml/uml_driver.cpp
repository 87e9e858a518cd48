#include "manager/vmm/uml/uml_driver.hpp"

#include <algorithm>
#include <cerrno>
#include <future>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/guest_contract.hpp"
#include "common/sys/file.hpp"
#include "common/sys/unix_socket.hpp"
#include "manager/vmm/process_record.hpp"
#include "manager/vmm/uml/calibration.hpp"
#include "manager/vmm/uml/command_line.hpp"
#include "manager/vmm/uml/kernel_jail.hpp"
#include "manager/vmm/uml/uml_machine.hpp"

namespace hutch::vmm::uml {

namespace {

using jail::MountKind;

constexpr const char* vhost_socket_name = "vhost.sock";
constexpr const char* vsock_program_in_jail = "/hutch-vsock";
constexpr const char* host_sockets_in_jail = "/sockets";

std::string host_port_socket(std::uint32_t port) {
    return "vsock.sock_" + std::to_string(port);
}

/// Gives the jailed uid what it must open or connect to.
Result<void> hand_over(const LaunchRequest& request, const std::filesystem::path& path) {
    if (!request.host_uid) return {};
    if (::lchown(path.c_str(), *request.host_uid, *request.host_uid) != 0)
        return fail_errno("change owner of " + path.string(), errno);
    return {};
}

jail::Launcher::RecordPid record_in(const LaunchRequest& request) {
    return [directory = request.directory](pid_t pid) { return record_process(directory, pid); };
}

}  // namespace

Result<std::unique_ptr<UmlDriver>> UmlDriver::create(jail::Launcher launcher, Options options) {
    HUTCH_TRY(auto cpus, CpuAllocator::create());
    HUTCH_TRY(const Calibration calibration, calibrate(launcher, options.kernel, options.kernel_digest,
                                                       options.calibration_file, cpus->lease().cpu()));
    return std::unique_ptr<UmlDriver>(
        new UmlDriver(std::move(launcher), std::move(options), std::move(cpus), calibration.loops_per_jiffy));
}

Result<std::unique_ptr<Machine>> UmlDriver::launch(const LaunchRequest& request) {
    HUTCH_TRY(const sys::UniqueFd directory, sys::open_directory(request.directory));
    HUTCH_TRY(const sys::UniqueFd vhost_listener, sys::listen_unix(directory, vhost_socket_name, 1));
    HUTCH_CHECK(hand_over(request, request.directory / vhost_socket_name));
    HUTCH_CHECK(hand_over(request, request.overlay));
    for (const std::uint32_t port : request.host_ports)
        HUTCH_CHECK(hand_over(request, request.directory / host_port_socket(port)));

    CpuAllocator::Lease cpu = cpus_->lease();
    // Side by side: a kernel that is ahead of its device finds the listening socket already there. When one
    // fails, the other's owner kills it.
    auto launching_device = std::async(
        std::launch::async, [&] { return launch_vsock_device(request, vhost_listener, cpu.cpu()); });
    auto launched_kernel = launch_kernel(request, cpu.cpu());
    HUTCH_TRY(sys::ChildProcess device, launching_device.get());
    HUTCH_TRY(sys::ChildProcess kernel, std::move(launched_kernel));
    return std::make_unique<UmlMachine>(std::move(kernel), std::move(device), std::move(cpu));
}

Result<sys::ChildProcess> UmlDriver::launch_vsock_device(const LaunchRequest& request,
                                                         const sys::UniqueFd& vhost_listener, int cpu) const {
    jail::Specification specification;
    specification.program = vsock_program_in_jail;
    specification.arguments = {vsock_program_in_jail,
                               "--guest-cid",
                               std::to_string(guest_contract::guest_cid),
                               "--vhost-fd",
                               "3",
                               "--listen-fd",
                               "4",
                               "--host-socket-dir",
                               host_sockets_in_jail};
    specification.mounts = {
        {MountKind::read_only, options_.vsock_program.string(), vsock_program_in_jail, 0}};
    for (const std::uint32_t port : request.host_ports)
        specification.mounts.push_back({MountKind::read_only,
                                        (request.directory / host_port_socket(port)).string(),
                                        std::string(host_sockets_in_jail) + "/" + host_port_socket(port), 0});
    specification.policy = jail::Policy::vsock_device;
    specification.host_uid = request.host_uid;
    specification.cpu = cpu;
    specification.max_open_files = 4096;
    return launcher_.launch(
        specification,
        {{request.log->get(), 2}, {vhost_listener.get(), 3}, {request.vsock_listener->get(), 4}},
        record_in(request));
}

Result<sys::ChildProcess> UmlDriver::launch_kernel(const LaunchRequest& request, int cpu) const {
    jail::Specification specification =
        kernel_jail(request.kernel, boot_arguments(request, loops_per_jiffy_), request.memory_mib, cpu);
    specification.mounts.push_back(
        {MountKind::read_only, request.initramfs.string(), jail_path::initramfs, 0});
    specification.mounts.push_back({MountKind::read_only, request.rootfs.string(), jail_path::rootfs, 0});
    specification.mounts.push_back({MountKind::read_write, request.overlay.string(), jail_path::overlay, 0});
    specification.mounts.push_back(
        {MountKind::read_only, (request.directory / vhost_socket_name).string(), jail_path::vhost_socket, 0});
    specification.host_uid = request.host_uid;
    const auto disk_bytes = static_cast<std::uint64_t>(request.disk_mib) << 20;
    specification.max_file_bytes = std::max(specification.max_file_bytes, disk_bytes);
    return launcher_.launch(specification, {{request.console->get(), 1}, {request.log->get(), 2}},
                            record_in(request));
}

Result<void> UmlDriver::end_leftovers(const std::filesystem::path& directory) {
    return end_recorded_processes(directory);
}

}  // namespace hutch::vmm::uml
