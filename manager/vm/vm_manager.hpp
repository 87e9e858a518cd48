#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "manager/store/store.hpp"
#include "manager/vm/exit_watcher.hpp"
#include "manager/vm/log_pump.hpp"
#include "manager/vm/overlay_templates.hpp"
#include "manager/vm/ready_port.hpp"
#include "manager/vm/vm_service.hpp"
#include "manager/vm/vm_slot.hpp"
#include "manager/vmm/driver.hpp"

namespace hutch::vm {

struct VmManagerOptions {
    std::filesystem::path vms_directory;        ///< `vms/<id>/` per VM
    std::filesystem::path templates_directory;  ///< formatted overlay disks
    std::size_t max_vms = 256;
    std::int64_t default_disk_mib = 10'240;
    std::chrono::milliseconds boot_timeout{30'000};
    std::chrono::milliseconds stop_timeout{10'000};  ///< for a clean power-off, then the VM is killed
    std::uint64_t max_console_bytes = 1 << 20;       ///< per log file pair
    std::string kernel_digest;                       ///< for new VMs
    std::string initramfs_digest;                    ///< for new VMs
    /// Where the content with a digest is kept.
    std::function<std::filesystem::path(const std::string& digest)> blob_path;
};

/// The VmService with real guests: the lifecycle, from row to overlay to processes to the agent's first word,
/// and back.
///
/// Order of writing: the row comes before anything it names and goes after everything is gone, and each state
/// is written before the step it announces, so recover() can mend whatever a crash interrupted. Threads:
/// lifecycle moves of one VM are serialised by its slot; everything else runs beside each other.
class VmManager final : public VmService {
public:
    /// `store` and `driver` must outlive it. Prepares the template of the default disk size.
    [[nodiscard]] static Result<std::unique_ptr<VmManager>> create(store::Store& store,
                                                                   vmm::VmmDriver& driver,
                                                                   VmManagerOptions options);
    /// Kills what still runs; call stop_all() first.
    ~VmManager() override;

    /// To be called once, before any other call: ends processes that an earlier manager left, marks its VMs
    /// STOPPED with their overlays kept, finishes removals, and removes directories that no row knows.
    [[nodiscard]] Result<void> recover();

    /// Stops every running VM, in parallel, each within the stop timeout.
    void stop_all();

    [[nodiscard]] Result<VmView> create(const CreateRequest& request) override;
    [[nodiscard]] Result<VmView> get(const store::VmId& id) override;
    [[nodiscard]] Result<std::vector<VmView>> list() override;
    [[nodiscard]] Result<void> start(const store::VmId& id) override;
    [[nodiscard]] Result<void> stop(const store::VmId& id) override;
    [[nodiscard]] Result<void> remove(const store::VmId& id) override;
    [[nodiscard]] Result<ExecResult> exec(const store::VmId& id, const ExecRequest& request) override;

private:
    class Timeline;

    VmManager(store::Store& store, vmm::VmmDriver& driver, std::unique_ptr<LogPump> log_pump,
              VmManagerOptions options);

    [[nodiscard]] Result<std::shared_ptr<VmSlot>> slot(const store::VmId& id);
    /// A slot for a VM about to be made; too_many_requests when there are max_vms already.
    [[nodiscard]] Result<std::shared_ptr<VmSlot>> reserve_slot(const store::VmId& id);
    void drop_slot(const store::VmId& id);
    [[nodiscard]] std::filesystem::path directory_of(const store::VmId& id) const;
    [[nodiscard]] Result<store::VmRecord> new_record(const store::VmId& id, const CreateRequest& request);
    [[nodiscard]] VmView view_of(store::VmRecord record);

    // With the slot's lifecycle lock held:
    [[nodiscard]] Result<void> move(const store::VmRecord& record, store::VmState to,
                                    const std::string& error = {});
    [[nodiscard]] Result<void> make_disk(const store::VmRecord& record);
    [[nodiscard]] Result<std::shared_ptr<RunningVm>> boot(const store::VmRecord& record, Timeline& timeline);
    [[nodiscard]] Result<void> start_locked(VmSlot& slot, store::VmRecord record, Timeline& timeline);
    [[nodiscard]] Result<void> stop_locked(VmSlot& slot, const store::VmRecord& record);
    [[nodiscard]] Result<void> remove_locked(VmSlot& slot, store::VmRecord record);
    /// No longer watched, reachable or listed as running; the machine still runs.
    [[nodiscard]] std::shared_ptr<RunningVm> retire(VmSlot& slot);

    void on_exit(const store::VmId& id);
    void remove_unknown_directories(const std::vector<store::VmRecord>& known);
    void note(const char* type, const store::VmId& id, const std::string& message);

    store::Store& store_;
    vmm::VmmDriver& driver_;
    VmManagerOptions options_;
    OverlayTemplates templates_;
    std::unique_ptr<LogPump> log_pump_;
    std::mutex slots_mutex_;
    std::map<store::VmId, std::shared_ptr<VmSlot>> slots_;  ///< guarded by slots_mutex_
    std::unique_ptr<ExitWatcher> exit_watcher_;             ///< last: its thread uses all of the above
};

}  // namespace hutch::vm
