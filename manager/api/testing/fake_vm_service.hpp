#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "manager/vm/vm_service.hpp"

namespace hutch::api::testing_support {

/// VMs without guests: rows in memory, commands answered by `on_exec`. Any thread.
class FakeVmService final : public vm::VmService {
public:
    std::function<void()> on_create = [] {};
    std::function<Result<vm::ExecResult>(const vm::ExecRequest&)> on_exec =
        [](const vm::ExecRequest& request) {
            vm::ExecResult result;
            result.standard_output = request.command;
            return result;
        };

    Result<vm::VmView> create(const vm::CreateRequest& request) override {
        on_create();
        const std::lock_guard lock(mutex_);
        last_create = request;
        vm::VmView view;
        store::VmRecord& record = view.record;
        record.id = store::VmId::generate();
        record.state = store::VmState::running;
        record.name = request.name;
        record.labels = request.labels;
        record.cpu = request.cpu;
        record.memory_mib = request.memory_mib;
        record.disk_mib = request.disk_mib == 0 ? 10'240 : request.disk_mib;
        record.guest_ip = "172.16.0." + std::to_string(vms_.size() + 2);
        record.allow_ips = request.allow_ips;
        record.outbound_internet = request.outbound_internet;
        record.driver = "fake";
        record.image_id = request.image_id.value_or(store::ImageId::generate());
        // Two in each millisecond, so that the order of equal times is tested too.
        record.created_at = "2026-01-31T12:00:00.00" + std::to_string(vms_.size() / 2) + "Z";
        record.last_active_at = record.created_at;
        view.boot_id = "boot-1";
        view.timeline = {{"guest init started", 12.3456789}};
        vms_.push_back(view);
        return view;
    }
    Result<vm::VmView> get(const store::VmId& id) override {
        const std::lock_guard lock(mutex_);
        const auto found = find(id);
        if (found == vms_.end()) return missing(id);
        return *found;
    }
    Result<std::vector<vm::VmView>> list() override {
        const std::lock_guard lock(mutex_);
        return vms_;
    }
    Result<void> start(const store::VmId& id) override {
        return move(id, store::VmState::stopped, store::VmState::running);
    }
    Result<void> stop(const store::VmId& id) override {
        return move(id, store::VmState::running, store::VmState::stopped);
    }
    Result<void> remove(const store::VmId& id) override {
        const std::lock_guard lock(mutex_);
        const auto found = find(id);
        if (found == vms_.end()) return missing(id);
        vms_.erase(found);
        return {};
    }
    Result<vm::ExecResult> exec(const store::VmId& id, const vm::ExecRequest& request) override {
        {
            const std::lock_guard lock(mutex_);
            const auto found = find(id);
            if (found == vms_.end()) return missing(id);
            if (found->record.state != store::VmState::running)
                return fail(ErrorKind::conflict, "vm_not_running", "it is not RUNNING");
        }
        return on_exec(request);
    }

    vm::CreateRequest last_create;

private:
    static tl::unexpected<Error> missing(const store::VmId& id) {
        return fail(ErrorKind::not_found, "vm_not_found", "VM " + id.text() + " does not exist");
    }
    std::vector<vm::VmView>::iterator find(const store::VmId& id) {
        return std::find_if(vms_.begin(), vms_.end(),
                            [&](const vm::VmView& view) { return view.record.id == id; });
    }
    Result<void> move(const store::VmId& id, store::VmState from, store::VmState to) {
        const std::lock_guard lock(mutex_);
        const auto found = find(id);
        if (found == vms_.end()) return missing(id);
        if (found->record.state != from)
            return fail(ErrorKind::conflict, "vm_wrong_state", "it is not in that state");
        found->record.state = to;
        return {};
    }

    std::mutex mutex_;
    std::vector<vm::VmView> vms_;  ///< guarded by mutex_
};

}  // namespace hutch::api::testing_support
