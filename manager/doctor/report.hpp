#pragma once

#include <string>
#include <vector>

#include "common/result.hpp"
#include "manager/doctor/check.hpp"
#include "manager/vmm/driver_choice.hpp"

namespace hutch::doctor {

/// All that the doctor found.
struct Report {
    std::vector<Check> checks;
    std::string configured_driver;  ///< HUTCH_DRIVER
    Result<vmm::DriverChoice> driver;
};

/// Whether some driver is usable and no check failed.
[[nodiscard]] bool healthy(const Report& report);

/// For people: one line for each check, in columns, and the driver last. Control characters are shown as '?',
/// line ends as " | ".
[[nodiscard]] std::string to_text(const Report& report);

/// For programs: {"ok":bool,"checks":[{"name","status":"ok"|"warning"|"failure","text"}],
/// "driver":{"configured","name":text or null,"reason"}}, and a line end.
[[nodiscard]] std::string to_json(const Report& report);

}  // namespace hutch::doctor
