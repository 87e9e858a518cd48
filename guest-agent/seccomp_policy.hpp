#pragma once

// What user code may ask the guest's kernel for. A deny list: the jail's user has no capabilities, no
// descriptor of ours and an own pid namespace, so ordinary calls are harmless; refused is what widens the
// kernel's attack surface or reaches out of the jail.

#include <vector>

#include <linux/filter.h>

#include "common/result.hpp"

namespace hutch::guest_agent {

/// The policy as a program for seccomp(2). Made when hutch is built (seccomp_generator.cpp), so the agent
/// carries only the result.
[[nodiscard]] Result<std::vector<sock_filter>> compile_seccomp_policy();

}  // namespace hutch::guest_agent
