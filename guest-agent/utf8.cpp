#include "guest-agent/utf8.hpp"

#include <algorithm>

namespace hutch::guest_agent {

namespace {

/// The table of well-formed byte sequences of the Unicode standard (table 3-7): range of the second byte by
/// the first.
struct Lead {
    std::size_t length;
    unsigned char second_from;
    unsigned char second_to;
};

Lead lead_of(unsigned char first) {
    if (first < 0x80) return {1, 0, 0};
    if (first < 0xC2) return {0, 0, 0};
    if (first < 0xE0) return {2, 0x80, 0xBF};
    if (first == 0xE0) return {3, 0xA0, 0xBF};
    if (first == 0xED) return {3, 0x80, 0x9F};
    if (first < 0xF0) return {3, 0x80, 0xBF};
    if (first == 0xF0) return {4, 0x90, 0xBF};
    if (first < 0xF4) return {4, 0x80, 0xBF};
    if (first == 0xF4) return {4, 0x80, 0x8F};
    return {0, 0, 0};
}

/// How many bytes at the start fit one character's pattern, and how many the whole character needs.
struct Prefix {
    std::size_t matched;
    std::size_t needed;
};

Prefix prefix_of(std::string_view bytes) {
    const Lead lead = lead_of(static_cast<unsigned char>(bytes[0]));
    if (lead.length == 0) return {0, 0};
    std::size_t matched = 1;
    while (matched < lead.length && matched < bytes.size()) {
        const auto byte = static_cast<unsigned char>(bytes[matched]);
        const bool second = matched == 1;
        if (byte < (second ? lead.second_from : 0x80) || byte > (second ? lead.second_to : 0xBF)) break;
        ++matched;
    }
    return {matched, lead.length};
}

void append_escaped(std::string& json, char character) {
    constexpr char digits[] = "0123456789abcdef";
    switch (character) {
        case '"':
            json += "\\\"";
            return;
        case '\\':
            json += "\\\\";
            return;
        case '\n':
            json += "\\n";
            return;
        case '\r':
            json += "\\r";
            return;
        case '\t':
            json += "\\t";
            return;
        default:
            break;
    }
    const auto byte = static_cast<unsigned char>(character);
    json += "\\u00";
    json += digits[byte >> 4];
    json += digits[byte & 15];
}

bool is_plain(char character) {
    const auto byte = static_cast<unsigned char>(character);
    return byte >= 0x20 && byte < 0x7F && character != '"' && character != '\\';
}

}  // namespace

std::size_t utf8_character_length(std::string_view bytes) {
    if (bytes.empty()) return 0;
    const Prefix prefix = prefix_of(bytes);
    return prefix.matched == prefix.needed ? prefix.needed : 0;
}

std::size_t utf8_unfinished_tail(std::string_view bytes) {
    const std::size_t longest = std::min<std::size_t>(3, bytes.size());
    for (std::size_t length = 1; length <= longest; ++length) {
        const std::string_view tail = bytes.substr(bytes.size() - length);
        const Prefix prefix = prefix_of(tail);
        if (prefix.matched == length && prefix.needed > length) return length;
    }
    return 0;
}

void append_json_string(std::string& json, std::string_view bytes) {
    json.reserve(json.size() + bytes.size() + 2);
    json += '"';
    while (!bytes.empty()) {
        const auto plain_end = std::find_if_not(bytes.begin(), bytes.end(), is_plain);
        const auto plain = static_cast<std::size_t>(plain_end - bytes.begin());
        json.append(bytes.substr(0, plain));
        bytes.remove_prefix(plain);
        if (bytes.empty()) break;
        const Prefix prefix = prefix_of(bytes);
        if (prefix.needed == 1) {
            append_escaped(json, bytes[0]);
            bytes.remove_prefix(1);
        } else if (prefix.needed > 1 && prefix.matched == prefix.needed) {
            json.append(bytes.substr(0, prefix.needed));
            bytes.remove_prefix(prefix.needed);
        } else {
            json += "\xEF\xBF\xBD";
            bytes.remove_prefix(std::max<std::size_t>(prefix.matched, 1));
        }
    }
    json += '"';
}

}  // namespace hutch::guest_agent
