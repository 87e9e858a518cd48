#include "manager/vmm/uml/cpu_allocator.hpp"

#include <algorithm>
#include <cerrno>

#include <sched.h>

namespace hutch::vmm::uml {

Result<std::shared_ptr<CpuAllocator>> CpuAllocator::create() {
    cpu_set_t set;
    if (::sched_getaffinity(0, sizeof set, &set) != 0) return fail_errno("read CPU affinity", errno);
    std::map<int, int> guests;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) guests[cpu] = 0;
    return std::shared_ptr<CpuAllocator>(new CpuAllocator(std::move(guests)));
}

CpuAllocator::Lease CpuAllocator::lease() {
    const std::lock_guard lock(mutex_);
    const auto least = std::min_element(guests_.begin(), guests_.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
    ++least->second;
    return {shared_from_this(), least->first};
}

CpuAllocator::Lease::~Lease() {
    if (!allocator_) return;
    const std::lock_guard lock(allocator_->mutex_);
    --allocator_->guests_[cpu_];
}

}  // namespace hutch::vmm::uml
