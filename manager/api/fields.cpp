#include "manager/api/fields.hpp"

#include <algorithm>

#include "manager/api/errors.hpp"

namespace hutch::api {

namespace {

using nlohmann::json;

const json* present(const json& body, const std::string& field) {
    const auto found = body.find(field);
    return found == body.end() || found->is_null() ? nullptr : &*found;
}

Result<void> check_text(const std::string& text, const std::string& field, const TextRule& rule) {
    if (text.size() > rule.max_bytes)
        return invalid_field(field, "must be at most " + std::to_string(rule.max_bytes) + " bytes");
    if (rule.characters != TextRule::Characters::any && text.find('\0') != std::string::npos)
        return invalid_field(field, "must not contain a NUL character");
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (rule.characters == TextRule::Characters::one_line &&
        std::any_of(text.begin(), text.end(), is_control)) {
        return invalid_field(field, "must not contain control characters");
    }
    return {};
}

Result<std::int64_t> read_integer(const json& value, const std::string& field, IntegerRange range) {
    const bool whole = value.is_number_integer();
    // A number beyond int64 is unsigned in the parser.
    const bool fits =
        whole && !(value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t(range.maximum));
    if (!fits || value.get<std::int64_t>() < range.minimum || value.get<std::int64_t>() > range.maximum) {
        return invalid_field(field, "must be a whole number from " + std::to_string(range.minimum) + " to " +
                                        std::to_string(range.maximum));
    }
    return value.get<std::int64_t>();
}

Result<std::string> read_text(const json& value, const std::string& field, const TextRule& rule) {
    if (!value.is_string()) return invalid_field(field, "must be a string");
    const auto& text = value.get_ref<const std::string&>();
    HUTCH_CHECK(check_text(text, field, rule));
    return text;
}

}  // namespace

Result<std::int64_t> require_integer(const json& body, const std::string& field, IntegerRange range) {
    const json* const value = present(body, field);
    if (value == nullptr) return invalid_field(field, "is required");
    return read_integer(*value, field, range);
}

Result<std::optional<std::int64_t>> optional_integer(const json& body, const std::string& field,
                                                     IntegerRange range) {
    const json* const value = present(body, field);
    if (value == nullptr) return std::optional<std::int64_t>();
    HUTCH_TRY(const std::int64_t number, read_integer(*value, field, range));
    return std::optional(number);
}

Result<bool> optional_boolean(const json& body, const std::string& field, bool otherwise) {
    const json* const value = present(body, field);
    if (value == nullptr) return otherwise;
    if (!value->is_boolean()) return invalid_field(field, "must be true or false");
    return value->get<bool>();
}

Result<std::string> require_text(const json& body, const std::string& field, const TextRule& rule) {
    const json* const value = present(body, field);
    if (value == nullptr) return invalid_field(field, "is required");
    return read_text(*value, field, rule);
}

Result<std::optional<std::string>> optional_text(const json& body, const std::string& field,
                                                 const TextRule& rule) {
    const json* const value = present(body, field);
    if (value == nullptr) return std::optional<std::string>();
    HUTCH_TRY(std::string text, read_text(*value, field, rule));
    return std::optional(std::move(text));
}

Result<std::vector<std::string>> require_text_list(const json& body, const std::string& field,
                                                   std::size_t max_entries, const TextRule& rule) {
    const json* const value = present(body, field);
    if (value == nullptr) return invalid_field(field, "is required");
    if (!value->is_array()) return invalid_field(field, "must be an array of strings");
    if (value->size() > max_entries)
        return invalid_field(field, "must have at most " + std::to_string(max_entries) + " entries");
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < value->size(); ++i) {
        HUTCH_TRY(std::string text, read_text((*value)[i], field + "[" + std::to_string(i) + "]", rule));
        texts.push_back(std::move(text));
    }
    return texts;
}

Result<std::map<std::string, std::string>> optional_text_map(const json& body, const std::string& field,
                                                             std::size_t max_entries, const TextRule& names,
                                                             const TextRule& values) {
    std::map<std::string, std::string> texts;
    const json* const value = present(body, field);
    if (value == nullptr) return texts;
    if (!value->is_object()) return invalid_field(field, "must be an object with string values");
    if (value->size() > max_entries)
        return invalid_field(field, "must have at most " + std::to_string(max_entries) + " entries");
    for (const auto& [name, entry] : value->items()) {
        HUTCH_CHECK(check_text(name, "a name in " + field, names));
        HUTCH_TRY(texts[name], read_text(entry, field + "." + name, values));
    }
    return texts;
}

Result<void> refuse_unavailable(const json& body, const std::vector<std::string>& fields) {
    for (const std::string& field : fields) {
        const json* const value = present(body, field);
        if (value == nullptr) continue;
        const bool asks_nothing = (value->is_boolean() && !value->get<bool>()) ||
                                  (value->is_string() && value->get_ref<const std::string&>().empty()) ||
                                  ((value->is_array() || value->is_object()) && value->empty());
        if (!asks_nothing) return not_available(field);
    }
    return {};
}

}  // namespace hutch::api
