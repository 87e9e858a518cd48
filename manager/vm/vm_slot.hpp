#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "manager/guest/guest_client.hpp"
#include "manager/vm/vm_service.hpp"
#include "manager/vmm/driver.hpp"

namespace hutch::vm {

/// A VM in state RUNNING: its processes and the way to its agent.
struct RunningVm {
    std::unique_ptr<vmm::Machine> machine;  ///< used only under VmSlot::lifecycle
    std::unique_ptr<guest::GuestClient> client;
    std::string boot_id;
    std::vector<TimelineStep> timeline;
};

/// What the manager holds in memory for one VM, running or not.
class VmSlot {
public:
    /// Held for the whole of a start, stop, removal or end: serialises the lifecycle moves of one VM.
    std::mutex lifecycle;
    /// Set under `lifecycle` when the VM has been removed: whoever waited finds nothing to do.
    bool removed = false;

    /// The running VM, or null. Any thread; the answer stays usable when the VM stops meanwhile, its calls
    /// then fail.
    [[nodiscard]] std::shared_ptr<RunningVm> running() const {
        const std::lock_guard lock(mutex_);
        return running_;
    }
    void set_running(std::shared_ptr<RunningVm> running) {
        const std::lock_guard lock(mutex_);
        running_ = std::move(running);
    }

    /// Whether the last use is long enough ago to be noted in the store again. Any thread.
    [[nodiscard]] bool take_touch(std::chrono::steady_clock::time_point now) {
        const std::lock_guard lock(mutex_);
        if (now - touched_ < std::chrono::seconds(1)) return false;
        touched_ = now;
        return true;
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<RunningVm> running_;               ///< guarded by mutex_
    std::chrono::steady_clock::time_point touched_{};  ///< guarded by mutex_
};

}  // namespace hutch::vm
