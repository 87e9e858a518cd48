#pragma once

// The one interface behind which every virtual machine monitor stands. Drivers never include each other, and
// nothing above vm/ knows which one runs.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "common/sys/process.hpp"
#include "common/sys/unique_fd.hpp"

namespace hutch::vmm {

/// What a driver can do on this host. A request beyond it is refused by the API with a 400 that says so.
struct Capabilities {
    int max_vcpus = 1;
    bool pause = false;
    bool memory_snapshot = false;
    bool guest_supplied_kernel = false;  ///< may run an uploaded kernel
};

/// Everything a VMM needs to start one guest. All paths are absolute.
struct LaunchRequest {
    std::string id;  ///< the VM's id, for names and messages
    std::filesystem::path
        directory;  ///< `vms/<id>`: the overlay and the sockets are in it; only the manager writes there
    std::filesystem::path kernel;     ///< read-only
    std::filesystem::path initramfs;  ///< read-only
    std::filesystem::path rootfs;     ///< read-only
    std::filesystem::path overlay;    ///< the VM's own, read-write
    int vcpus = 1;
    int memory_mib = 128;
    std::int64_t disk_mib = 0;  ///< size of the overlay disk
    std::string guest_ip;       ///< 172.16.x.y
    std::string hostname;
    std::optional<std::uint32_t> host_uid;  ///< run as this uid (root only)
    std::vector<std::uint32_t>
        host_ports;  ///< vsock ports the guest may connect to: `vsock.sock_<port>` exists for each
    const sys::UniqueFd* vsock_listener =
        nullptr;                             ///< listening on `vsock.sock`, handed to whoever serves it
    const sys::UniqueFd* console = nullptr;  ///< writable: the guest's console
    const sys::UniqueFd* log = nullptr;      ///< writable: what the VMM and the vsock device say themselves
};

/// How a machine came to its end.
struct MachineExit {
    std::string reason;  ///< "the guest kernel ended with signal 9 (Killed)"
};

/// One running virtual machine. Owns its processes: destroying it kills them. One thread at a time, except
/// `exit_descriptors`.
class Machine {
public:
    virtual ~Machine() = default;

    /// Readable (poll) when a process of the machine has ended, which is the end of the machine. Valid while
    /// it lives.
    [[nodiscard]] virtual std::vector<int> exit_descriptors() const = 0;
    /// Waits at most `timeout` for the machine to end by itself (power-off); empty when it still runs.
    [[nodiscard]] virtual Result<std::optional<MachineExit>> wait(std::chrono::milliseconds timeout) = 0;
    /// Ends it at once and waits for all its processes.
    [[nodiscard]] virtual Result<void> kill() = 0;
    /// not_implemented where Capabilities::pause is false.
    [[nodiscard]] virtual Result<void> pause() { return unsupported("pause"); }
    [[nodiscard]] virtual Result<void> resume() { return unsupported("resume"); }
    /// Writes the guest's memory and device state to `file`; not_implemented where
    /// Capabilities::memory_snapshot is false.
    [[nodiscard]] virtual Result<void> snapshot(const std::filesystem::path& /*file*/) {
        return unsupported("snapshot memory");
    }

private:
    static tl::unexpected<Error> unsupported(const char* what) {
        return fail(ErrorKind::not_implemented, "unsupported_by_driver",
                    std::string("this VM's driver cannot ") + what);
    }
};

/// Makes machines. Any thread.
class VmmDriver {
public:
    virtual ~VmmDriver() = default;

    [[nodiscard]] virtual std::string name() const = 0;
    [[nodiscard]] virtual Capabilities capabilities() const = 0;
    /// Starts the guest; returns when its processes run, before it has booted.
    [[nodiscard]] virtual Result<std::unique_ptr<Machine>> launch(const LaunchRequest& request) = 0;
    /// Ends whatever processes a manager that died left running for the VM in `directory`. Success when there
    /// are none.
    [[nodiscard]] virtual Result<void> end_leftovers(const std::filesystem::path& directory) = 0;
};

}  // namespace hutch::vmm
