#pragma once

#include <string>

#include "common/result.hpp"
#include "manager/vmm/probe.hpp"

namespace hutch::vmm {

/// What was found out about this host.
struct DriverProbes {
    Probe kvm;  ///< kvm_probe.hpp
    Probe uml;  ///< whether the user-mode kernel runs (uml/calibration.hpp)
};

struct DriverChoice {
    std::string name;    ///< "uml"
    std::string reason;  ///< why: one sentence without its full stop
};

/// Chooses the driver. `configured` is HUTCH_DRIVER: "auto" or a driver's name. The one place where this is
/// decided, for the manager's start and for the doctor. An error (internal, `no_driver`) says why none of
/// those that may be used can run guests here; invalid_argument: this version has no such driver.
[[nodiscard]] Result<DriverChoice> choose_driver(const std::string& configured, const DriverProbes& probes);

}  // namespace hutch::vmm
