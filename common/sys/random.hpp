#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace hutch::sys {

/// Fills `bytes` from the kernel's generator (getrandom). Ends the process if there is none: nothing would be
/// safe then.
void fill_random(std::span<unsigned char> bytes);

/// `byte_count` random bytes as lower-case hexadecimal.
[[nodiscard]] std::string random_hex(std::size_t byte_count);

}  // namespace hutch::sys
