#pragma once

#include <string>

namespace hutch::doctor {

enum class Status {
    ok,
    warning,  ///< works, but someone should know
    failure,  ///< guests cannot run, or the manager cannot start, until it is mended
};

/// One thing that was looked at.
struct Check {
    std::string name;  ///< "data folder"
    Status status = Status::ok;
    std::string text;  ///< one line: what was found and, when it is not ok, what to do about it
};

}  // namespace hutch::doctor
