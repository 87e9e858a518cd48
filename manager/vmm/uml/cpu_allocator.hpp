#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "common/result.hpp"

namespace hutch::vmm::uml {

/// Spreads guests over the host CPUs this process may use. A user-mode Linux guest is far faster when all its
/// processes stay on one CPU (a system call costs 8–16 µs instead of 49–58, measured;
/// docs/decisions/0004-uml-speed.md). Any thread.
class CpuAllocator : public std::enable_shared_from_this<CpuAllocator> {
public:
    /// Reads the process's affinity.
    [[nodiscard]] static Result<std::shared_ptr<CpuAllocator>> create();

    /// One guest's place; gives it back on destruction.
    class Lease {
    public:
        Lease(std::shared_ptr<CpuAllocator> allocator, int cpu)
            : allocator_(std::move(allocator)), cpu_(cpu) {}
        ~Lease();
        Lease(Lease&&) = default;
        Lease& operator=(Lease&&) = delete;

        [[nodiscard]] int cpu() const { return cpu_; }

    private:
        std::shared_ptr<CpuAllocator> allocator_;
        int cpu_;
    };

    /// The CPU with the fewest guests.
    [[nodiscard]] Lease lease();

private:
    explicit CpuAllocator(std::map<int, int> guests) : guests_(std::move(guests)) {}

    std::mutex mutex_;
    std::map<int, int> guests_;  ///< CPU → number of guests; guarded by mutex_
};

}  // namespace hutch::vmm::uml
