#include "manager/vmm/kvm_guest.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "common/sys/file.hpp"
#include "common/sys/unique_fd.hpp"
#include "manager/vmm/kvm_exit.hpp"

// Theory of operation: every step is preceded by an `out` of its index to `progress_port`, which is a
// KVM_EXIT_IO for us, so we know which step was begun last whatever happens to it. After the last step comes
// one more `out` and HLT. The guest has no interrupt descriptor table: an exception is a triple fault,
// KVM_EXIT_SHUTDOWN. The watchdog is a timer that sends a signal to this very thread. The signal is blocked
// in the thread and unblocked only inside KVM_RUN (KVM_SET_SIGNAL_MASK), which then returns EINTR, also when
// the signal came before the call: no handler, no race, no second thread.

namespace hutch::vmm {

namespace {

using sys::UniqueFd;

/// The stable API's version since Linux 2.6.22; KVM's documentation says to refuse any other.
constexpr int api_version = 12;
/// Our choice: no device answers there, as there are none.
constexpr std::uint8_t progress_port = 0xf4;
constexpr std::size_t max_steps = 100;

// The guest's physical memory, identity-mapped.
constexpr std::size_t memory_bytes = 64 * 1024;
constexpr std::uint64_t pml4_address = 0x1000;
constexpr std::uint64_t pdpt_address = 0x2000;
constexpr std::uint64_t directory_address = 0x3000;
constexpr std::uint64_t code_address = 0x4000;
constexpr std::uint64_t data_address = 0x6000;
constexpr std::uint64_t stack_top = 0x9000;
constexpr std::size_t max_code_bytes = 0x2000;  // code_address to data_address

// Page table entries, control registers and EFER: Intel SDM volume 3, sections 4.5 and 2.2–2.5.
constexpr std::uint64_t page_present_writable = 0x3;
constexpr std::uint64_t page_large = 0x80;           // in a page directory: a page of 2 MiB
constexpr std::uint64_t cr0_long_mode = 0x80050033;  // PE MP ET NE WP AM PG
constexpr std::uint64_t cr4_long_mode = 0x620;       // PAE OSFXSR OSXMMEXCPT
constexpr std::uint64_t efer_long_mode = 0x500;      // LME LMA
constexpr std::uint64_t rflags_reserved = 0x2;       // bit 1 is always set
// Segment types: Intel SDM volume 3, section 3.4.5.1 and 3.5.
constexpr std::uint8_t type_code = 11;       // execute, read, accessed
constexpr std::uint8_t type_data = 3;        // read, write, accessed
constexpr std::uint8_t type_busy_task = 11;  // busy 64-bit task state; entering a VM on Intel demands it
/// Three pages that KVM on Intel takes for itself: below 4 GiB, as KVM's documentation asks, and away from
/// the guest's memory.
constexpr unsigned long task_state_address = 0xfffbd000;

// Structures that end in a variable array, and their ioctl numbers. Written out here because some versions of
// linux/kvm.h give them another size in C++ than in C (an empty structure stands before the array), and with
// it another number.
struct CpuidTable {  // kvm_cpuid2
    std::uint32_t count;
    std::uint32_t padding;
    std::array<kvm_cpuid_entry2, 256> entries;  // KVM's own limit, KVM_MAX_CPUID_ENTRIES
};
struct SignalMask {  // kvm_signal_mask
    std::uint32_t bytes;
    std::array<std::uint8_t, 8> signals;  // the kernel's sigset_t: 64 signals
};
constexpr unsigned long get_supported_cpuid = _IOWR(KVMIO, 0x05, std::uint64_t);
constexpr unsigned long set_cpuid2 = _IOW(KVMIO, 0x90, std::uint64_t);
constexpr unsigned long set_signal_mask = _IOW(KVMIO, 0x8b, std::uint32_t);

/// The outcome of an ioctl that must succeed.
Result<int> control(const UniqueFd& fd, unsigned long request, unsigned long argument, const char* what) {
    const int value = ::ioctl(fd.get(), request, argument);
    if (value < 0) return fail_errno(what, errno);
    return value;
}

template <class T>
Result<int> control(const UniqueFd& fd, unsigned long request, T* argument, const char* what) {
    return control(fd, request, reinterpret_cast<unsigned long>(argument), what);
}

/// Owner of one mapping.
class Mapping {
public:
    static Result<Mapping> create(std::size_t size, int fd, const char* what) {
        const int flags = fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
        void* const address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, fd, 0);
        if (address == MAP_FAILED) return fail_errno(what, errno);
        return Mapping(address, size);
    }
    Mapping(Mapping&& other) noexcept
        : address_(std::exchange(other.address_, nullptr)), size_(other.size_) {}
    Mapping& operator=(Mapping&&) = delete;
    ~Mapping() {
        if (address_ != nullptr) ::munmap(address_, size_);
    }
    [[nodiscard]] std::uint8_t* bytes() const { return static_cast<std::uint8_t*>(address_); }

private:
    Mapping(void* address, std::size_t size) : address_(address), size_(size) {}
    void* address_;
    std::size_t size_;
};

std::vector<std::uint8_t> program(std::span<const KvmGuestStep> steps) {
    std::vector<std::uint8_t> code;
    auto announce = [&](std::size_t index) {
        code.insert(code.end(), {0xb0, static_cast<std::uint8_t>(index)});  // mov al, index
        code.insert(code.end(), {0xe6, progress_port});                     // out progress_port, al
    };
    for (std::size_t index = 0; index < steps.size(); ++index) {
        announce(index);
        code.insert(code.end(), steps[index].code.begin(), steps[index].code.end());
    }
    announce(steps.size());
    code.push_back(0xf4);  // hlt
    return code;
}

void put(const Mapping& memory, std::uint64_t address, std::uint64_t value) {
    std::memcpy(memory.bytes() + address, &value, sizeof value);
}

kvm_segment segment(std::uint8_t type, std::uint16_t selector) {
    kvm_segment result{};
    result.limit = 0xffffffff;
    result.selector = selector;
    result.type = type;
    result.present = 1;
    result.s = 1;  // code or data
    result.g = 1;
    return result;
}

Result<void> set_registers(const UniqueFd& vcpu) {
    kvm_sregs special{};
    HUTCH_CHECK(control(vcpu, KVM_GET_SREGS, &special, "KVM_GET_SREGS"));
    special.cs = segment(type_code, 0x8);
    special.cs.l = 1;  // 64-bit
    special.ds = segment(type_data, 0x10);
    special.ds.db = 1;
    special.es = special.fs = special.gs = special.ss = special.ds;
    special.tr = segment(type_busy_task, 0x18);
    special.tr.s = 0;
    special.tr.g = 0;
    special.tr.limit = 0x67;  // the size of a 64-bit task state, less one
    special.ldt = {};
    special.ldt.unusable = 1;
    special.gdt = {};
    special.idt = {};
    special.cr0 = cr0_long_mode;
    special.cr3 = pml4_address;
    special.cr4 = cr4_long_mode;
    special.efer = efer_long_mode;
    HUTCH_CHECK(control(vcpu, KVM_SET_SREGS, &special, "KVM_SET_SREGS (64-bit mode)"));

    kvm_regs general{};
    general.rip = code_address;
    general.rdi = data_address;
    general.rsp = stack_top;
    general.rflags = rflags_reserved;
    HUTCH_CHECK(control(vcpu, KVM_SET_REGS, &general, "KVM_SET_REGS"));
    return {};
}

/// Shows the guest the processor that KVM says it supports, as every VMM does.
Result<void> set_cpuid(const UniqueFd& kvm, const UniqueFd& vcpu) {
    CpuidTable table{};
    table.count = static_cast<std::uint32_t>(table.entries.size());
    HUTCH_CHECK(control(kvm, get_supported_cpuid, &table, "KVM_GET_SUPPORTED_CPUID"));
    HUTCH_CHECK(control(vcpu, set_cpuid2, &table, "KVM_SET_CPUID2"));
    return {};
}

/// Ends a KVM_RUN of this thread after a time.
class Watchdog {
public:
    static Result<Watchdog> create(const UniqueFd& vcpu, std::chrono::milliseconds timeout) {
        Watchdog watchdog;
        ::sigemptyset(&watchdog.signal_);
        ::sigaddset(&watchdog.signal_, SIGRTMAX);
        ::pthread_sigmask(SIG_BLOCK, &watchdog.signal_, &watchdog.previous_mask_);
        watchdog.masked_ = true;

        // the mask inside KVM_RUN: the thread's own, with our signal let through
        sigset_t inside = watchdog.previous_mask_;
        ::sigdelset(&inside, SIGRTMAX);
        SignalMask mask{};
        mask.bytes = mask.signals.size();
        std::memcpy(mask.signals.data(), &inside, mask.signals.size());
        HUTCH_CHECK(control(vcpu, set_signal_mask, &mask, "KVM_SET_SIGNAL_MASK"));

        sigevent event{};
        event.sigev_notify = SIGEV_THREAD_ID;
        event.sigev_signo = SIGRTMAX;
        event._sigev_un._tid = ::gettid();
        timer_t timer{};
        if (::timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
            return fail_errno("create the watchdog's timer", errno);
        watchdog.timer_ = timer;
        itimerspec limit{};
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
        limit.it_value.tv_sec = seconds.count();
        limit.it_value.tv_nsec = std::chrono::nanoseconds(timeout - seconds).count();
        if (::timer_settime(timer, 0, &limit, nullptr) != 0)
            return fail_errno("start the watchdog's timer", errno);
        return watchdog;
    }
    Watchdog(Watchdog&& other) noexcept
        : signal_(other.signal_),
          previous_mask_(other.previous_mask_),
          timer_(std::exchange(other.timer_, std::nullopt)),
          masked_(std::exchange(other.masked_, false)) {}
    Watchdog& operator=(Watchdog&&) = delete;
    ~Watchdog() {
        if (timer_) ::timer_delete(*timer_);
        if (!masked_) return;
        (void)expired();  // takes the signal away, if it came
        ::pthread_sigmask(SIG_SETMASK, &previous_mask_, nullptr);
    }

    /// Whether the time has passed; asked after KVM_RUN was interrupted.
    [[nodiscard]] bool expired() const {
        const timespec now{};
        return ::sigtimedwait(&signal_, nullptr, &now) == SIGRTMAX;
    }

private:
    Watchdog() = default;
    sigset_t signal_{};
    sigset_t previous_mask_{};
    std::optional<timer_t> timer_;
    bool masked_ = false;
};

/// The step that an exit announces, if it is such an exit.
std::optional<std::size_t> announced(const kvm_run& run) {
    if (run.exit_reason != KVM_EXIT_IO || run.io.direction != KVM_EXIT_IO_OUT ||
        run.io.port != progress_port || run.io.size != 1 || run.io.count != 1)
        return std::nullopt;
    return *(reinterpret_cast<const std::uint8_t*>(&run) + run.io.data_offset);
}

void run_to_end(const UniqueFd& vcpu, const kvm_run& state, const Watchdog& watchdog, std::size_t steps,
                KvmGuestRun& run) {
    std::size_t next = 0;  // what the guest must announce
    while (true) {
        if (::ioctl(vcpu.get(), KVM_RUN, 0) != 0) {
            const int error = errno;
            if (error == EINTR && !watchdog.expired()) continue;
            run.exit = error == EINTR ? "no exit until the watchdog's time was up"
                                      : "KVM_RUN failed: " + std::generic_category().message(error);
            return;
        }
        const auto step = announced(state);
        if (!step || *step != next) break;
        ++next;
        run.begun = std::min(next, steps);
    }
    run.exit = describe_kvm_exit(state);
    run.completed = next == steps + 1 && state.exit_reason == KVM_EXIT_HLT;
}

}  // namespace

Result<KvmGuestRun> run_in_vcpu(const std::filesystem::path& device, std::span<const KvmGuestStep> steps,
                                std::chrono::milliseconds timeout) {
    const std::vector<std::uint8_t> code = program(steps);
    if (steps.size() > max_steps || code.size() > max_code_bytes)
        return fail(ErrorKind::internal, "guest_too_large", "the probe's guest program is too large");

    HUTCH_TRY(const UniqueFd kvm, sys::open(device, O_RDWR));
    HUTCH_TRY(const int version, control(kvm, KVM_GET_API_VERSION, 0UL, "KVM_GET_API_VERSION"));
    if (version != api_version)
        return fail(ErrorKind::internal, "kvm_unusable",
                    "KVM_GET_API_VERSION says " + std::to_string(version) + ", expected " +
                        std::to_string(api_version));
    HUTCH_TRY(const int vm_number, control(kvm, KVM_CREATE_VM, 0UL, "KVM_CREATE_VM"));
    const UniqueFd vm(vm_number);
    HUTCH_CHECK(control(vm, KVM_SET_TSS_ADDR, task_state_address, "KVM_SET_TSS_ADDR"));

    HUTCH_TRY(const Mapping memory, Mapping::create(memory_bytes, -1, "map the guest's memory"));
    put(memory, pml4_address, pdpt_address | page_present_writable);
    put(memory, pdpt_address, directory_address | page_present_writable);
    put(memory, directory_address, page_present_writable | page_large);
    std::memcpy(memory.bytes() + code_address, code.data(), code.size());
    kvm_userspace_memory_region region{};
    region.memory_size = memory_bytes;
    region.userspace_addr = reinterpret_cast<std::uint64_t>(memory.bytes());
    HUTCH_CHECK(control(vm, KVM_SET_USER_MEMORY_REGION, &region, "KVM_SET_USER_MEMORY_REGION"));

    HUTCH_TRY(const int vcpu_number, control(vm, KVM_CREATE_VCPU, 0UL, "KVM_CREATE_VCPU"));
    const UniqueFd vcpu(vcpu_number);
    HUTCH_TRY(const int state_bytes, control(kvm, KVM_GET_VCPU_MMAP_SIZE, 0UL, "KVM_GET_VCPU_MMAP_SIZE"));
    if (static_cast<std::size_t>(state_bytes) < sizeof(kvm_run))
        return fail(ErrorKind::internal, "kvm_unusable",
                    "KVM_GET_VCPU_MMAP_SIZE is smaller than struct kvm_run");
    HUTCH_TRY(const Mapping state,
              Mapping::create(static_cast<std::size_t>(state_bytes), vcpu.get(), "map the vCPU's state"));
    HUTCH_CHECK(set_cpuid(kvm, vcpu));
    HUTCH_CHECK(set_registers(vcpu));

    KvmGuestRun run;
    HUTCH_TRY(const Watchdog watchdog, Watchdog::create(vcpu, timeout));
    run_to_end(vcpu, *reinterpret_cast<const kvm_run*>(state.bytes()), watchdog, steps.size(), run);
    run.data.assign(memory.bytes() + data_address, memory.bytes() + data_address + kvm_guest_data_bytes);
    return run;
}

}  // namespace hutch::vmm
