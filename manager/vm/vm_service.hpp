#pragma once

// What the HTTP API asks of virtual machines. The one implementation with real guests is vm/vm_manager.hpp;
// api tests use a fake.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "manager/guest/exec.hpp"
#include "manager/store/records.hpp"

namespace hutch::vm {

/// A create call, checked by the API: ranges hold, strings are valid.
struct CreateRequest {
    int cpu = 1;
    int memory_mib = 128;
    std::int64_t disk_mib = 0;  ///< 0: the configured default
    std::vector<std::string> allow_ips;
    bool outbound_internet = false;
    std::optional<store::ImageId> image_id;  ///< absent: the default image
    std::string name;
    std::map<std::string, std::string> labels;
};

/// One step on the way from the create or start call to the agent's answer.
struct TimelineStep {
    std::string step;  ///< "overlay cloned", "guest init started", …
    double at_ms = 0;  ///< since the call arrived in the VM service
};

/// A VM as the API shows it.
struct VmView {
    store::VmRecord record;
    std::string boot_id;                 ///< the guest kernel's, empty unless RUNNING
    std::vector<TimelineStep> timeline;  ///< of its last start, empty unless RUNNING
};

using guest::ExecRequest;
using guest::ExecResult;

/// All calls block until done, may come from any thread, and are serialised per VM where they change its
/// state. Errors: not_found (unknown id), conflict (wrong state, code "vm_not_running" for exec),
/// no_capacity, too_many_requests, guest_failed (the guest broke off or lied), timed_out, storage_full,
/// internal.
class VmService {
public:
    virtual ~VmService() = default;

    /// RUNNING with the agent answering when it returns.
    [[nodiscard]] virtual Result<VmView> create(const CreateRequest& request) = 0;
    [[nodiscard]] virtual Result<VmView> get(const store::VmId& id) = 0;
    /// Without deleted ones, oldest first.
    [[nodiscard]] virtual Result<std::vector<VmView>> list() = 0;
    [[nodiscard]] virtual Result<void> start(const store::VmId& id) = 0;
    [[nodiscard]] virtual Result<void> stop(const store::VmId& id) = 0;
    [[nodiscard]] virtual Result<void> remove(const store::VmId& id) = 0;
    [[nodiscard]] virtual Result<ExecResult> exec(const store::VmId& id, const ExecRequest& request) = 0;
};

}  // namespace hutch::vm
