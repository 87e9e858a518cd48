#include "guest-agent/spawner.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/guest_layout.hpp"
#include "common/sys/file.hpp"
#include "common/sys/mount.hpp"
#include "guest-agent/jail.hpp"

namespace hutch::guest_agent {

namespace {

constexpr sock_filter seccomp_policy[] = {
#include "seccomp_policy.inc"
};

Result<sys::UniqueFd> open_control(const std::string& folder, const char* file, int flags) {
    sys::UniqueFd fd(::open((folder + "/" + file).c_str(), flags | O_CLOEXEC));
    if (!fd) return fail_errno("open " + folder + "/" + file, errno);
    return fd;
}

Result<void> write_limit(const std::string& folder, const char* file, std::uint64_t value) {
    HUTCH_TRY(const sys::UniqueFd fd, open_control(folder, file, O_WRONLY));
    return sys::write_all(fd, std::to_string(value));
}

Result<char*> make_stacks() {
    void* memory = ::mmap(nullptr, 2 * ExecSlot::stack_bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) return fail_errno("memory for the stacks of an exec", errno);
    return static_cast<char*>(memory);
}

}  // namespace

SlotLease::~SlotLease() {
    if (slot_ != nullptr) spawner_->release(*slot_);
}

Spawner::Spawner(const ExecLimits& limits)
    : limits_(limits),
      seccomp_program_{std::size(seccomp_policy), const_cast<sock_filter*>(seccomp_policy)} {}

Result<std::unique_ptr<Spawner>> Spawner::create(const ExecLimits& limits) {
    std::unique_ptr<Spawner> spawner(new Spawner(limits));
    HUTCH_CHECK(write_limit(guest_layout::exec_cgroup, "memory.max", limits.memory_bytes));
    HUTCH_CHECK(write_limit(guest_layout::exec_cgroup, "pids.max", limits.processes));
    HUTCH_TRY(sys::UniqueFd null_device, sys::open("/dev/null", O_RDWR));
    spawner->null_device_ = std::move(null_device);
    spawner->plan_ = {&spawner->seccomp_program_, spawner->null_device_.get(), proc_covers()};
    {
        const std::lock_guard lock(spawner->mutex_);
        spawner->request_one();
    }
    spawner->thread_ = std::thread([raw = spawner.get()] { raw->run(); });
    return spawner;
}

Spawner::~Spawner() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    to_prepare_changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    for (ExecSlot* slot : ready_) end(*slot);
}

Result<std::unique_ptr<ExecSlot>> Spawner::make_slot(unsigned number) const {
    auto slot = std::make_unique<ExecSlot>();
    slot->number = number;
    const std::string folder = std::string(guest_layout::exec_cgroup) + "/" + std::to_string(number);
    HUTCH_CHECK(sys::make_directory(folder, 0755));
    HUTCH_CHECK(write_limit(folder, "pids.max", limits_.processes_per_exec));
    HUTCH_CHECK(write_limit(folder, "memory.max", limits_.memory_bytes));
    HUTCH_TRY(slot->cgroup_procs, open_control(folder, "cgroup.procs", O_WRONLY));
    HUTCH_TRY(slot->cgroup_kill, open_control(folder, "cgroup.kill", O_WRONLY));
    HUTCH_TRY(slot->memory_events, open_control(folder, "memory.events", O_RDONLY));
    HUTCH_TRY(slot->pids_events, open_control(folder, "pids.events", O_RDONLY));
    slot->hits = read_limit_hits(*slot);  // not 0 when an earlier agent used the cgroup
    slot->done = sys::UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!slot->done) return fail_errno("eventfd", errno);
    HUTCH_TRY(slot->init_stack, make_stacks());
    slot->command_stack = slot->init_stack + ExecSlot::stack_bytes;
    return slot;
}

void Spawner::request_one() {
    if (free_.empty()) {
        const auto number = static_cast<unsigned>(slots_.size());
        auto slot = make_slot(number);
        if (!slot) {
            broken_ = slot.error();
            return;
        }
        slots_.push_back(std::move(*slot));
        free_.push_back(slots_.back().get());
    }
    to_prepare_.push_back(free_.back());
    free_.pop_back();
    ++preparing_;
    to_prepare_changed_.notify_one();
}

Result<void> Spawner::prepare(ExecSlot& slot) const {
    HUTCH_TRY(sys::Pipe out, sys::make_pipe());
    HUTCH_TRY(sys::Pipe err, sys::make_pipe());
    slot.stdout_read = std::move(out.read_end);
    slot.stdout_write = std::move(out.write_end);
    slot.stderr_read = std::move(err.read_end);
    slot.stderr_write = std::move(err.write_end);
    slot.order = {};
    slot.command = SlotCommand::wait;
    slot.released = 0;
    slot.failure = SlotFailure::none;
    slot.failure_errno = 0;
    slot.wait_status = 0;
    return start_jailed_process(slot, plan_);
}

void Spawner::run() {
    auto entered = enter_jail();
    std::unique_lock lock(mutex_);
    if (!entered) broken_ = entered.error();
    ready_changed_.notify_all();
    while (!stopping_ && !broken_) {
        if (to_prepare_.empty()) {
            to_prepare_changed_.wait(lock);
            continue;
        }
        ExecSlot* slot = to_prepare_.back();
        to_prepare_.pop_back();
        lock.unlock();
        auto prepared = prepare(*slot);
        lock.lock();
        --preparing_;
        if (prepared) {
            ready_.push_back(slot);
            ready_changed_.notify_one();
        } else {
            free_.push_back(slot);
            last_failure_ = prepared.error();
            ready_changed_.notify_all();
        }
    }
}

Result<SlotLease> Spawner::acquire() {
    std::unique_lock lock(mutex_);
    if (in_use_ + waiting_ >= limits_.max_execs)
        return fail(ErrorKind::too_many_requests, "too_many_execs",
                    "this VM runs " + std::to_string(limits_.max_execs) +
                        " commands already; try again when one has ended");
    ++waiting_;
    last_failure_.reset();
    while (ready_.empty() && !broken_ && !last_failure_) {
        if (preparing_ < waiting_) request_one();
        if (!broken_) ready_changed_.wait(lock);
    }
    --waiting_;
    if (ready_.empty()) {
        const Error& reason = broken_ ? *broken_ : *last_failure_;
        return tl::unexpected(reason.within("prepare an exec"));
    }
    ExecSlot* slot = ready_.back();
    ready_.pop_back();
    ++in_use_;
    return SlotLease(*this, *slot);
}

void Spawner::end(ExecSlot& slot) {
    slot.command = SlotCommand::cancel;
    wake(slot.command);
    slot.released = 1;
    wake(slot.released);
    while (::waitpid(slot.init_pid, nullptr, __WALL) < 0 && errno == EINTR) {
    }
    slot.stdout_read.reset();
    slot.stdout_write.reset();
    slot.stderr_read.reset();
    slot.stderr_write.reset();
    std::uint64_t count = 0;
    if (::read(slot.done.get(), &count, sizeof count) < 0) return;  // taken already
}

void Spawner::release(ExecSlot& slot) {
    end(slot);
    std::unique_lock lock(mutex_);
    --in_use_;
    free_.push_back(&slot);
    if (ready_.empty() && preparing_ == 0 && !broken_) request_one();
}

}  // namespace hutch::guest_agent
