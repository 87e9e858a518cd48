#pragma once

#include <string>

#include "common/result.hpp"

namespace hutch::guest_init {

/// Brings `lo` up, and `eth0` as a dummy interface with `address`: programs see a normal machine, but no
/// packet leaves it.
[[nodiscard]] Result<void> set_up_network(const std::string& address, unsigned prefix_length);

}  // namespace hutch::guest_init
