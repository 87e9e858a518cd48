#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace hutch::crypto {

/// SHA-256 as lower-case hexadecimal, 64 characters.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);
/// The same for a file's content, read in pieces.
[[nodiscard]] Result<std::string> sha256_hex_of_file(const std::filesystem::path& path);
/// 64 lower-case hexadecimal digits.
[[nodiscard]] bool is_sha256_hex(std::string_view text);

/// Whether both are the same, in a time that tells nothing of where they differ, nor of the length of the
/// secret.
[[nodiscard]] bool equal_in_constant_time(std::string_view given, std::string_view secret);

}  // namespace hutch::crypto
