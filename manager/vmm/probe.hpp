#pragma once

#include <string>

namespace hutch::vmm {

/// What trying out a way of running guests on this host gave.
struct Probe {
    bool usable = false;
    std::string report;  ///< one line: what was run and what came of it
};

}  // namespace hutch::vmm
