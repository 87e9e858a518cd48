#include "manager/vm/lifecycle.hpp"

#include <set>
#include <utility>

#include <gtest/gtest.h>

namespace hutch::vm {
namespace {

using enum store::VmState;
using store::VmState;

TEST(Lifecycle, ExactlyTheMovesOfTheTable) {
    const std::set<std::pair<VmState, VmState>> legal = {
        {created, starting}, {created, stopped},  {starting, running}, {starting, error},
        {starting, stopped}, {running, stopping}, {running, error},    {running, stopped},
        {stopping, stopped}, {stopped, starting}, {error, starting}};
    for (const VmState from : {created, starting, running, stopping, stopped, deleted, error})
        for (const VmState to : {created, starting, running, stopping, stopped, deleted, error}) {
            const bool expected = to == deleted ? from != deleted : legal.contains({from, to});
            EXPECT_EQ(is_legal_move(from, to), expected)
                << store::to_string(from) << " → " << store::to_string(to);
        }
}

}  // namespace
}  // namespace hutch::vm
