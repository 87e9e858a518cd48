#pragma once

// Guests' addresses: 172.16.0.0/16, written as an offset from its start in the store. 172.16.0.1 stays free
// for a gateway's name; the last is the broadcast address.

#include <cstdint>
#include <optional>
#include <string>

namespace hutch::store {

inline constexpr std::int64_t first_guest_offset = 2;
inline constexpr std::int64_t last_guest_offset = 65534;

/// "172.16.0.2" for 2.
[[nodiscard]] std::string guest_address(std::int64_t offset);
/// 2 for "172.16.0.2"; empty when the text is not a guest's address.
[[nodiscard]] std::optional<std::int64_t> guest_address_offset(const std::string& text);

}  // namespace hutch::store
