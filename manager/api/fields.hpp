#pragma once

// Reading a request's fields by type and range. Every function is invalid_argument "invalid_field" naming the
// field when it is of the wrong type, out of range, or (require_…) missing. A field that is null counts as
// missing.

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/result.hpp"

namespace hutch::api {

struct IntegerRange {
    std::int64_t minimum;
    std::int64_t maximum;
};

struct TextRule {
    std::size_t max_bytes = std::numeric_limits<std::size_t>::max();
    enum class Characters {
        any,
        no_nul,
        one_line,  ///< no control characters
    } characters = Characters::no_nul;
};

[[nodiscard]] Result<std::int64_t> require_integer(const nlohmann::json& body, const std::string& field,
                                                   IntegerRange range);
[[nodiscard]] Result<std::optional<std::int64_t>> optional_integer(const nlohmann::json& body,
                                                                   const std::string& field,
                                                                   IntegerRange range);
[[nodiscard]] Result<bool> optional_boolean(const nlohmann::json& body, const std::string& field,
                                            bool otherwise);
[[nodiscard]] Result<std::string> require_text(const nlohmann::json& body, const std::string& field,
                                               const TextRule& rule = {});
[[nodiscard]] Result<std::optional<std::string>> optional_text(const nlohmann::json& body,
                                                               const std::string& field,
                                                               const TextRule& rule = {});
[[nodiscard]] Result<std::vector<std::string>> require_text_list(const nlohmann::json& body,
                                                                 const std::string& field,
                                                                 std::size_t max_entries,
                                                                 const TextRule& rule = {});
/// An object whose values are texts; empty when missing. Names follow the same rule.
[[nodiscard]] Result<std::map<std::string, std::string>> optional_text_map(const nlohmann::json& body,
                                                                           const std::string& field,
                                                                           std::size_t max_entries,
                                                                           const TextRule& names,
                                                                           const TextRule& values);

/// not_implemented naming the field, when it asks for something: anything but missing, null, false, "", []
/// and {}.
[[nodiscard]] Result<void> refuse_unavailable(const nlohmann::json& body,
                                              const std::vector<std::string>& fields);

}  // namespace hutch::api
