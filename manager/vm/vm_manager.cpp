#include "manager/vm/vm_manager.hpp"

#include <algorithm>
#include <set>
#include <thread>

#include <spdlog/spdlog.h>
#include <unistd.h>

#include "common/guest_contract.hpp"
#include "common/sys/file.hpp"
#include "common/sys/unix_socket.hpp"
#include "manager/vm/host_user.hpp"
#include "manager/vm/lifecycle.hpp"

namespace hutch::vm {

namespace {

using store::VmId;
using store::VmRecord;
using store::VmState;
using Clock = std::chrono::steady_clock;

constexpr const char* overlay_name = "overlay.ext4";
constexpr const char* vsock_name = "vsock.sock";
constexpr const char* console_name = "console.log";
constexpr const char* vmm_log_name = "vmm.log";
/// For the agent to accept a shutdown; the power-off itself has the configured timeout.
constexpr std::chrono::milliseconds shutdown_call_timeout{2'000};
/// For the last console lines of a guest that did not start to arrive in its log.
constexpr std::chrono::milliseconds log_timeout{1'000};
constexpr std::size_t log_lines_shown = 3;
/// Every new connection of the manager to the device waits here for a moment.
constexpr int vsock_backlog = 128;

Error not_running(const VmRecord& record) {
    return {ErrorKind::conflict, "vm_not_running",
            record.id.text() + " is " + store::to_string(record.state) + ", not RUNNING" +
                (record.error.empty() ? "" : " (" + record.error + ")")};
}

void remove_sockets(const std::filesystem::path& directory) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
        std::error_code ignored;
        if (entry.is_socket(ignored)) std::filesystem::remove(entry.path(), ignored);
    }
}

/// The last lines of a log, printable, for an error message: "; its <what> ends with: …", or nothing when it
/// is empty.
std::string log_tail(const std::filesystem::path& file, const char* what) {
    auto text = sys::read_file(file, 64 << 20).value_or("");
    std::string tail;
    std::size_t lines = 0;
    for (std::size_t at = text.size(); at-- > 0 && tail.size() < 600;) {
        if (text[at] == '\n' && at + 1 < text.size() && ++lines == log_lines_shown) break;
        tail += (text[at] >= 0x20 && text[at] <= 0x7e) ? text[at] : ' ';
    }
    std::reverse(tail.begin(), tail.end());
    return tail.empty() ? "" : std::string("; its ") + what + " ends with: " + tail;
}

}  // namespace

/// Notes when each step was reached, in milliseconds since the call.
class VmManager::Timeline {
public:
    void reached(std::string step) { steps_.push_back({std::move(step), now_ms()}); }

    /// The guest's own times are by its clock, which started with its kernel; they are placed by the moment
    /// its message came.
    void guest_ready(const guest::Ready& ready) {
        const double arrived = now_ms();
        steps_.push_back({"guest kernel started", arrived - ready.agent_ms});
        steps_.push_back({"guest init started", arrived - (ready.agent_ms - ready.init_ms)});
        steps_.push_back({"guest root mounted", arrived - (ready.agent_ms - ready.root_ms)});
        steps_.push_back({"agent ready", arrived});
    }

    [[nodiscard]] std::vector<TimelineStep> take() { return std::move(steps_); }

private:
    [[nodiscard]] double now_ms() const {
        return std::chrono::duration<double, std::milli>(Clock::now() - begin_).count();
    }

    Clock::time_point begin_ = Clock::now();
    std::vector<TimelineStep> steps_;
};

Result<std::unique_ptr<VmManager>> VmManager::create(store::Store& store, vmm::VmmDriver& driver,
                                                     VmManagerOptions options) {
    HUTCH_CHECK(sys::make_directories(options.vms_directory));
    HUTCH_TRY(auto log_pump, LogPump::create(options.max_console_bytes));
    std::unique_ptr<VmManager> manager(new VmManager(store, driver, std::move(log_pump), std::move(options)));
    HUTCH_CHECK(manager->templates_.prepare(manager->options_.default_disk_mib));
    HUTCH_TRY(manager->exit_watcher_,
              ExitWatcher::create([raw = manager.get()](const VmId& id) { raw->on_exit(id); }));
    return manager;
}

VmManager::VmManager(store::Store& store, vmm::VmmDriver& driver, std::unique_ptr<LogPump> log_pump,
                     VmManagerOptions options)
    : store_(store),
      driver_(driver),
      options_(std::move(options)),
      templates_(options_.templates_directory),
      log_pump_(std::move(log_pump)) {}

VmManager::~VmManager() = default;

Result<void> VmManager::recover() {
    HUTCH_TRY(const std::vector<VmRecord> known, store_.vms());
    for (const VmRecord& record : known) {
        HUTCH_CHECK(driver_.end_leftovers(directory_of(record.id)));
        remove_sockets(directory_of(record.id));
        const std::lock_guard lock(slots_mutex_);
        slots_[record.id] = std::make_shared<VmSlot>();
    }
    for (const VmRecord& record : known) {
        if (record.state == VmState::stopped || record.state == VmState::error) continue;
        std::error_code error;
        if (std::filesystem::exists(directory_of(record.id) / overlay_name, error)) {
            HUTCH_CHECK(move(record, VmState::stopped));
            note("vm.recovered", record.id,
                 std::string("found ") + store::to_string(record.state) + " at start, now STOPPED");
        } else {
            HUTCH_CHECK(remove(record.id));  // its creation never got as far as a disk
        }
    }
    HUTCH_TRY(const std::vector<VmRecord> deleted, store_.deleted_vms());
    for (const VmRecord& record : deleted) {
        HUTCH_CHECK(driver_.end_leftovers(directory_of(record.id)));
        HUTCH_CHECK(sys::remove_tree(directory_of(record.id)));
        HUTCH_CHECK(store_.remove_vm(record.id));
    }
    remove_unknown_directories(known);
    return {};
}

void VmManager::remove_unknown_directories(const std::vector<VmRecord>& known) {
    std::set<std::string> names;
    for (const VmRecord& record : known) names.insert(record.id.text());
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(options_.vms_directory, error)) {
        // only what has an id's name is ours to remove
        if (names.contains(entry.path().filename()) || !VmId::parse(entry.path().filename().string()))
            continue;
        spdlog::warn("removing {}: no VM has it", entry.path().string());
        auto removed =
            driver_.end_leftovers(entry.path()).and_then([&] { return sys::remove_tree(entry.path()); });
        if (!removed) spdlog::error("remove {}: {}", entry.path().string(), removed.error().message);
    }
}

void VmManager::stop_all() {
    std::vector<VmId> ids;
    {
        const std::lock_guard lock(slots_mutex_);
        for (const auto& [id, slot] : slots_) ids.push_back(id);
    }
    std::vector<std::jthread> stops;
    for (const VmId& id : ids)
        stops.emplace_back([this, id] {
            auto stopped = stop(id);
            if (!stopped && stopped.error().kind != ErrorKind::conflict &&
                stopped.error().kind != ErrorKind::not_found)
                spdlog::error("stop {}: {}", id.text(), stopped.error().message);
        });
}

std::filesystem::path VmManager::directory_of(const VmId& id) const {
    return options_.vms_directory / id.text();
}

Result<std::shared_ptr<VmSlot>> VmManager::slot(const VmId& id) {
    const std::lock_guard lock(slots_mutex_);
    const auto found = slots_.find(id);
    if (found == slots_.end())
        return fail(ErrorKind::not_found, "vm_not_found", "there is no VM " + id.text());
    return found->second;
}

Result<std::shared_ptr<VmSlot>> VmManager::reserve_slot(const VmId& id) {
    const std::lock_guard lock(slots_mutex_);
    if (slots_.size() >= options_.max_vms)
        return fail(ErrorKind::too_many_requests, "quota_exceeded",
                    "there are " + std::to_string(slots_.size()) + " VMs already, the limit is " +
                        std::to_string(options_.max_vms) + " (HUTCH_MAX_VMS)");
    auto slot = std::make_shared<VmSlot>();
    slots_[id] = slot;
    return slot;
}

void VmManager::drop_slot(const VmId& id) {
    const std::lock_guard lock(slots_mutex_);
    slots_.erase(id);
}

Result<VmRecord> VmManager::new_record(const VmId& id, const CreateRequest& request) {
    HUTCH_TRY(const store::ImageRecord image,
              request.image_id ? store_.image(*request.image_id) : store_.default_image());
    if (!image.rootfs_complete)
        return fail(ErrorKind::conflict, "image_not_complete",
                    "image " + image.id.text() + " has no root filesystem yet");
    VmRecord record;
    record.id = id;
    record.name = request.name;
    record.labels = request.labels;
    record.cpu = request.cpu;
    record.memory_mib = request.memory_mib;
    record.disk_mib = request.disk_mib != 0 ? request.disk_mib : options_.default_disk_mib;
    record.allow_ips = request.allow_ips;
    record.outbound_internet = request.outbound_internet;
    record.driver = driver_.name();
    record.image_id = image.id;
    record.rootfs_digest = image.rootfs_digest;
    record.kernel_digest = options_.kernel_digest;
    record.initramfs_digest = options_.initramfs_digest;
    return record;
}

VmView VmManager::view_of(VmRecord record) {
    VmView view{std::move(record), {}, {}};
    if (const auto known = slot(view.record.id); known && view.record.state == VmState::running) {
        if (const auto running = (*known)->running()) {
            view.boot_id = running->boot_id;
            view.timeline = running->timeline;
        }
    }
    return view;
}

Result<VmView> VmManager::create(const CreateRequest& request) {
    Timeline timeline;
    const VmId id = VmId::generate();
    HUTCH_TRY(const auto slot, reserve_slot(id));
    const std::lock_guard lock(slot->lifecycle);
    auto inserted = new_record(id, request).and_then([&](VmRecord record) {
        return store_.insert_vm(std::move(record));
    });
    if (!inserted) {
        drop_slot(id);
        return tl::unexpected(inserted.error());
    }
    timeline.reached("row written");
    auto started = make_disk(*inserted).and_then([&] {
        timeline.reached("overlay cloned");
        return start_locked(*slot, *inserted, timeline);
    });
    if (!started) {
        const auto removed =
            store_.vm(id).and_then([&](const VmRecord& record) { return remove_locked(*slot, record); });
        return tl::unexpected(Error{started.error().kind, started.error().code,
                                    "create VM: " + started.error().message +
                                        (removed ? "; nothing of it was kept"
                                                 : "; and its removal failed: " + removed.error().message)});
    }
    note("vm.created", id, "created from image " + inserted->image_id.text());
    return store_.vm(id).map([&](VmRecord record) { return view_of(std::move(record)); });
}

Result<VmView> VmManager::get(const VmId& id) {
    return store_.vm(id).map([&](VmRecord record) { return view_of(std::move(record)); });
}

Result<std::vector<VmView>> VmManager::list() {
    HUTCH_TRY(std::vector<VmRecord> records, store_.vms());
    std::vector<VmView> views;
    for (VmRecord& record : records) views.push_back(view_of(std::move(record)));
    return views;
}

Result<void> VmManager::start(const VmId& id) {
    Timeline timeline;
    HUTCH_TRY(const auto slot, this->slot(id));
    const std::lock_guard lock(slot->lifecycle);
    HUTCH_TRY(const VmRecord record, store_.vm(id));
    HUTCH_CHECK(start_locked(*slot, record, timeline));
    note("vm.started", id, "started");
    return {};
}

Result<void> VmManager::stop(const VmId& id) {
    HUTCH_TRY(const auto slot, this->slot(id));
    const std::lock_guard lock(slot->lifecycle);
    HUTCH_TRY(const VmRecord record, store_.vm(id));
    if (record.state != VmState::running) return tl::unexpected(not_running(record));
    HUTCH_CHECK(stop_locked(*slot, record));
    note("vm.stopped", id, "stopped");
    return {};
}

Result<void> VmManager::remove(const VmId& id) {
    HUTCH_TRY(const auto slot, this->slot(id));
    const std::lock_guard lock(slot->lifecycle);
    if (slot->removed) return {};  // another call removed it while this one waited
    HUTCH_TRY(const VmRecord record, store_.vm(id));
    HUTCH_CHECK(remove_locked(*slot, record));
    note("vm.deleted", id, "deleted");
    return {};
}

Result<ExecResult> VmManager::exec(const VmId& id, const ExecRequest& request) {
    HUTCH_TRY(const auto slot, this->slot(id));
    const auto running = slot->running();
    if (!running) {
        HUTCH_TRY(const VmRecord record, store_.vm(id));
        return tl::unexpected(not_running(record));
    }
    auto touch = [&] {
        if (!slot->take_touch(Clock::now())) return;
        if (auto touched = store_.touch_vm(id, store::iso8601_now()); !touched)
            spdlog::warn("note use of {}: {}", id.text(), touched.error().message);
    };
    touch();
    auto result = running->client->exec(request);
    touch();
    if (!result && result.error().kind == ErrorKind::guest_failed && slot->running() != running)
        return fail(ErrorKind::guest_failed, "vm_ended",
                    id.text() + " ended while the command ran; its outcome is unknown");
    return result;
}

Result<void> VmManager::move(const VmRecord& record, VmState to, const std::string& error) {
    if (!is_legal_move(record.state, to))
        return fail(ErrorKind::conflict, "vm_wrong_state",
                    record.id.text() + " is " + store::to_string(record.state) + " and cannot become " +
                        store::to_string(to));
    return store_.move_vm(record.id, record.state, to, error);
}

Result<void> VmManager::make_disk(const VmRecord& record) {
    HUTCH_CHECK(sys::make_directories(directory_of(record.id)));
    return templates_.clone(record.disk_mib, directory_of(record.id) / overlay_name);
}

Result<std::shared_ptr<RunningVm>> VmManager::boot(const VmRecord& record, Timeline& timeline) {
    const std::filesystem::path directory = directory_of(record.id);
    HUTCH_TRY(const sys::UniqueFd directory_fd, sys::open_directory(directory));
    HUTCH_TRY(const sys::UniqueFd vsock_listener, sys::listen_unix(directory_fd, vsock_name, vsock_backlog));
    HUTCH_TRY(const ReadyPort ready_port, ReadyPort::open(directory_fd));
    HUTCH_TRY(const sys::UniqueFd console, log_pump_->attach(directory / console_name));
    HUTCH_TRY(const sys::UniqueFd vmm_log, log_pump_->attach(directory / vmm_log_name));

    vmm::LaunchRequest request;
    request.id = record.id.text();
    request.directory = directory;
    request.kernel = options_.blob_path(record.kernel_digest);
    request.initramfs = options_.blob_path(record.initramfs_digest);
    request.rootfs = options_.blob_path(record.rootfs_digest);
    request.overlay = directory / overlay_name;
    request.vcpus = record.cpu;
    request.memory_mib = record.memory_mib;
    request.disk_mib = record.disk_mib;
    request.guest_ip = record.guest_ip;
    request.hostname = record.id.text();
    HUTCH_TRY(request.host_uid, host_user_for(record.guest_ip));
    request.host_ports = {guest_contract::ready_port};
    request.vsock_listener = &vsock_listener;
    request.console = &console;
    request.log = &vmm_log;

    auto running = std::make_shared<RunningVm>();
    HUTCH_TRY(running->machine, driver_.launch(request));
    timeline.reached("processes jailed and started");
    const auto ready = ready_port.wait(running->machine->exit_descriptors(), options_.boot_timeout);
    if (!ready) {
        const auto ended = running->machine->wait(std::chrono::milliseconds(0));
        const std::string reason = ended && *ended ? ": " + (*ended)->reason : "";
        return tl::unexpected(Error{ready.error().kind, ready.error().code, ready.error().message + reason});
    }
    timeline.guest_ready(*ready);
    running->boot_id = ready->boot_id;
    HUTCH_TRY(running->client, guest::GuestClient::create(directory));
    ::unlinkat(directory_fd.get(), "vsock.sock_1024", 0);
    return running;
}

Result<void> VmManager::start_locked(VmSlot& slot, VmRecord record, Timeline& timeline) {
    HUTCH_CHECK(move(record, VmState::starting));
    record.state = VmState::starting;
    auto running = boot(record, timeline);
    if (!running) {
        const std::filesystem::path directory = directory_of(record.id);
        log_pump_->wait_until_complete(directory / console_name, log_timeout);
        log_pump_->wait_until_complete(directory / vmm_log_name, log_timeout);
        remove_sockets(directory);
        Error error = running.error();
        error.message = "start " + record.id.text() + ": " + error.message +
                        log_tail(directory / console_name, "console") +
                        log_tail(directory / vmm_log_name, "VMM log");
        if (auto moved = move(record, VmState::error, error.message); !moved)
            spdlog::error("mark {} as failed: {}", record.id.text(), moved.error().message);
        return tl::unexpected(std::move(error));
    }
    HUTCH_CHECK(move(record, VmState::running));
    (*running)->timeline = timeline.take();
    slot.set_running(*running);
    return exit_watcher_->watch(record.id, (*running)->machine->exit_descriptors());
}

std::shared_ptr<RunningVm> VmManager::retire(VmSlot& slot) {
    auto running = slot.running();
    if (running) exit_watcher_->unwatch(running->machine->exit_descriptors());
    slot.set_running(nullptr);
    return running;
}

Result<void> VmManager::stop_locked(VmSlot& slot, const VmRecord& record) {
    HUTCH_CHECK(move(record, VmState::stopping));
    const auto running = retire(slot);
    if (running) {
        bool powered_off = false;
        if (auto asked = running->client->shutdown(shutdown_call_timeout); !asked) {
            spdlog::warn("{} did not accept the shutdown: {}", record.id.text(), asked.error().message);
        } else {
            HUTCH_TRY(const auto ended, running->machine->wait(options_.stop_timeout));
            powered_off = ended.has_value();
        }
        if (!powered_off) {
            note("vm.killed", record.id,
                 "did not power off in time and was killed; what it had not synced is lost");
            HUTCH_CHECK(running->machine->kill());
        }
    }
    HUTCH_CHECK(driver_.end_leftovers(directory_of(record.id)));
    remove_sockets(directory_of(record.id));
    VmRecord stopping = record;
    stopping.state = VmState::stopping;
    return move(stopping, VmState::stopped);
}

Result<void> VmManager::remove_locked(VmSlot& slot, VmRecord record) {
    if (record.state != VmState::deleted) HUTCH_CHECK(move(record, VmState::deleted));
    if (const auto running = retire(slot)) HUTCH_CHECK(running->machine->kill());
    HUTCH_CHECK(driver_.end_leftovers(directory_of(record.id)));
    HUTCH_CHECK(sys::remove_tree(directory_of(record.id)));
    HUTCH_CHECK(store_.remove_vm(record.id));
    slot.removed = true;
    drop_slot(record.id);
    return {};
}

void VmManager::on_exit(const VmId& id) {
    const auto slot = this->slot(id);
    if (!slot) return;
    // Whoever holds the lock is ending the VM and sees the same; if not, the watcher calls again.
    const std::unique_lock lock((*slot)->lifecycle, std::try_to_lock);
    if (!lock) return std::this_thread::yield();
    const auto running = (*slot)->running();
    if (!running) return;
    const auto ended = running->machine->wait(std::chrono::milliseconds(0));
    if (ended && !*ended) return;
    const std::string reason = ended ? (*ended)->reason : ended.error().message;
    (void)retire(**slot);
    if (auto killed = running->machine->kill(); !killed)
        spdlog::error("end {}: {}", id.text(), killed.error().message);
    auto finished =
        driver_.end_leftovers(directory_of(id))
            .and_then([&] { return store_.vm(id); })
            .and_then([&](const VmRecord& record) { return move(record, VmState::error, reason); });
    remove_sockets(directory_of(id));
    if (!finished) spdlog::error("mark {} as failed: {}", id.text(), finished.error().message);
    note("vm.failed", id, reason);
}

void VmManager::note(const char* type, const VmId& id, const std::string& message) {
    spdlog::info("{} {}: {}", type, id.text(), message);
    if (auto noted = store_.record_activity(type, "vm", id.text(), message); !noted)
        spdlog::warn("record activity: {}", noted.error().message);
}

}  // namespace hutch::vm
