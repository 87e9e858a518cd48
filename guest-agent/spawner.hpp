#pragma once

// Keeps jailed processes ready for the next exec.
//
// A thread of its own lives in the jail (jail.hpp) and clones from there; it never runs user code. One
// prepared exec waits at any time, made behind the previous answer. Execs that come while others run have
// theirs made on demand.

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "common/result.hpp"
#include "guest-agent/exec_slot.hpp"
#include "guest-agent/jailed_process.hpp"

namespace hutch::guest_agent {

/// Limits of the execs, in the cgroup hierarchy.
struct ExecLimits {
    unsigned max_execs = 64;            ///< at the same time
    unsigned processes_per_exec = 256;  ///< threads count too
    std::uint64_t processes = 0;        ///< of all together
    std::uint64_t memory_bytes = 0;     ///< of each exec, and of all together
};

class Spawner;

/// An exec's place, given back when it is destroyed: ends PID 1, waits for it, and has the next one prepared.
class SlotLease {
public:
    SlotLease(Spawner& spawner, ExecSlot& slot) : spawner_(&spawner), slot_(&slot) {}
    SlotLease(SlotLease&& other) noexcept
        : spawner_(other.spawner_), slot_(std::exchange(other.slot_, nullptr)) {}
    SlotLease& operator=(SlotLease&&) = delete;
    ~SlotLease();
    [[nodiscard]] ExecSlot& slot() const { return *slot_; }

private:
    Spawner* spawner_;
    ExecSlot* slot_;
};

/// Any thread.
class Spawner {
public:
    /// Starts the thread, which enters the jail; does not wait for it. Call outside of the jail, once per
    /// process.
    [[nodiscard]] static Result<std::unique_ptr<Spawner>> create(const ExecLimits& limits);
    /// Ends what is prepared and the thread. No lease may be left.
    ~Spawner();
    Spawner(const Spawner&) = delete;
    Spawner& operator=(const Spawner&) = delete;

    /// A prepared exec. Too many at once: `too_many_requests`. Also fails when the jail could not be built.
    [[nodiscard]] Result<SlotLease> acquire();

private:
    friend class SlotLease;
    explicit Spawner(const ExecLimits& limits);
    void run();
    /// Takes or makes a free slot and has it prepared. The mutex is held.
    void request_one();
    [[nodiscard]] Result<std::unique_ptr<ExecSlot>> make_slot(unsigned number) const;
    [[nodiscard]] Result<void> prepare(ExecSlot& slot) const;
    void release(ExecSlot& slot);
    static void end(ExecSlot& slot);

    const ExecLimits limits_;
    JailedProcessPlan plan_;
    sock_fprog seccomp_program_;
    sys::UniqueFd null_device_;

    std::mutex mutex_;
    std::condition_variable to_prepare_changed_;
    std::condition_variable ready_changed_;
    std::vector<std::unique_ptr<ExecSlot>> slots_;
    std::vector<ExecSlot*> free_;
    std::vector<ExecSlot*> to_prepare_;
    std::vector<ExecSlot*> ready_;
    unsigned in_use_ = 0;     ///< leases given out
    unsigned preparing_ = 0;  ///< asked for and not ready yet
    unsigned waiting_ = 0;    ///< threads in acquire()
    bool stopping_ = false;
    std::optional<Error> last_failure_;  ///< of one preparation; the next may work
    std::optional<Error> broken_;        ///< why no exec can be prepared
    std::thread thread_;
};

}  // namespace hutch::guest_agent
