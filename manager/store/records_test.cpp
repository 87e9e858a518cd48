#include "manager/store/records.hpp"

#include <gtest/gtest.h>

namespace hutch::store {
namespace {

TEST(VmState, EveryNameReadsBack) {
    for (const VmState state : {VmState::created, VmState::starting, VmState::running, VmState::stopping,
                                VmState::stopped, VmState::deleted, VmState::error}) {
        EXPECT_EQ(vm_state_from(to_string(state)), state);
    }
    EXPECT_FALSE(vm_state_from("running"));
    EXPECT_FALSE(vm_state_from(""));
}

}  // namespace
}  // namespace hutch::store
