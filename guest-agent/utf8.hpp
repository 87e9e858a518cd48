#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hutch::guest_agent {

/// Length of the well-formed UTF-8 character that `bytes` begins with (1–4), or 0 when it begins with none.
[[nodiscard]] std::size_t utf8_character_length(std::string_view bytes);

/// Bytes at the end of `bytes` that begin a character without finishing it (0–3).
[[nodiscard]] std::size_t utf8_unfinished_tail(std::string_view bytes);

/// Appends `bytes` to `json` as a JSON string with its quotes. Each byte that belongs to no well-formed
/// character becomes U+FFFD; several that begin a character together, but don't finish it, become one.
void append_json_string(std::string& json, std::string_view bytes);

}  // namespace hutch::guest_agent
