#include "manager/vmm/uml/cpu_allocator.hpp"

#include <map>
#include <vector>

#include <gtest/gtest.h>
#include <sched.h>

namespace hutch::vmm::uml {
namespace {

TEST(CpuAllocator, SpreadsGuestsEvenly) {
    auto allocator = CpuAllocator::create();
    ASSERT_TRUE(allocator);
    cpu_set_t set;
    ASSERT_EQ(::sched_getaffinity(0, sizeof set, &set), 0);
    const int cpus = CPU_COUNT(&set);
    std::vector<CpuAllocator::Lease> leases;
    std::map<int, int> count;
    for (int guest = 0; guest < 3 * cpus; ++guest) {
        leases.push_back((*allocator)->lease());
        ++count[leases.back().cpu()];
    }
    EXPECT_EQ(static_cast<int>(count.size()), cpus);
    for (const auto& [cpu, guests] : count) EXPECT_EQ(guests, 3) << "cpu " << cpu;
}

TEST(CpuAllocator, AReturnedPlaceIsUsedAgain) {
    auto allocator = CpuAllocator::create();
    ASSERT_TRUE(allocator);
    const int first = (*allocator)->lease().cpu();
    EXPECT_EQ((*allocator)->lease().cpu(), first);
}

}  // namespace
}  // namespace hutch::vmm::uml
