#include "manager/api/allow_entry.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include <arpa/inet.h>

namespace hutch::api {

namespace {

/// Decimal digits without sign or leading zero.
std::optional<unsigned> number(std::string_view text, unsigned maximum) {
    unsigned value = 0;
    if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value > maximum) return std::nullopt;
    return value;
}

bool is_network(const std::string& text) {
    const auto slash = text.find('/');
    in_addr address{};
    if (::inet_pton(AF_INET, text.substr(0, slash).c_str(), &address) != 1) return false;
    if (slash == std::string::npos) return true;
    const auto bits = number(std::string_view(text).substr(slash + 1), 32);
    if (!bits) return false;
    const std::uint32_t host_mask = *bits == 32 ? 0 : 0xffffffffU >> *bits;
    return (ntohl(address.s_addr) & host_mask) == 0;
}

bool is_label(std::string_view label) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_';
    };
    return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
           std::all_of(label.begin(), label.end(), allowed);
}

bool is_domain(std::string_view text) {
    if (text.starts_with("*.")) text.remove_prefix(2);
    if (text.size() > 253) return false;
    std::string_view last;
    for (;;) {
        const auto dot = text.find('.');
        last = text.substr(0, dot);
        if (!is_label(last)) return false;
        if (dot == std::string_view::npos) break;
        text.remove_prefix(dot + 1);
    }
    // A name that ends in digits would be read as an address by some resolvers (RFC 3696).
    return !std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool is_allow_entry(const std::string& text) {
    std::string target = text;
    if (const auto colon = text.rfind(':'); colon != std::string::npos) {
        const auto port = number(std::string_view(text).substr(colon + 1), 65535);
        if (!port || *port == 0) return false;
        target = text.substr(0, colon);
    }
    return is_network(target) || is_domain(target);
}

}  // namespace hutch::api
