#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "common/result.hpp"
#include "common/sys/unique_fd.hpp"
#include "manager/store/ids.hpp"

namespace hutch::vm {

/// Tells when a process of a watched VM ends. The callback runs on the watcher's own thread, again and again
/// until the VM is no longer watched, so one that cannot act yet may just return. Any thread may call.
class ExitWatcher {
public:
    using Callback = std::function<void(const store::VmId&)>;

    [[nodiscard]] static Result<std::unique_ptr<ExitWatcher>> create(Callback on_exit);
    ~ExitWatcher();
    ExitWatcher(const ExitWatcher&) = delete;
    ExitWatcher& operator=(const ExitWatcher&) = delete;

    /// `descriptors` become readable at an end; they stay open until unwatch.
    [[nodiscard]] Result<void> watch(const store::VmId& id, const std::vector<int>& descriptors);
    /// A callback that has already begun may still run after it.
    void unwatch(const std::vector<int>& descriptors);

private:
    ExitWatcher(sys::UniqueFd epoll, sys::UniqueFd wake, Callback on_exit);
    void run();

    sys::UniqueFd epoll_;
    sys::UniqueFd wake_;
    Callback on_exit_;
    std::mutex mutex_;
    std::unordered_map<int, store::VmId> watched_;  ///< guarded by mutex_
    std::thread thread_;
};

}  // namespace hutch::vm
