#pragma once

#include <string>

namespace hutch::vmm {

/// What trying out a way of running guests on this host gave.
struct Probe {
    bool usable = false;
    std::string report;   ///< what was run and what came of it
    std::string problem;  ///< when not usable: the last part of it alone, "cmpxchg16b failed: KVM_EXIT_…"
};

}  // namespace hutch::vmm
