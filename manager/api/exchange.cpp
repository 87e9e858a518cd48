#include "manager/api/exchange.hpp"

namespace hutch::api {

namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// A '%' that is not followed by two hexadecimal digits stays as it is.
std::string percent_decoded(std::string_view text, char plus) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
            hex_value(text[i + 2]) >= 0) {
            result += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        } else {
            result += text[i] == '+' ? plus : text[i];
        }
    }
    return result;
}

template <class Each>
void split(std::string_view text, char separator, Each each) {
    for (;;) {
        const auto end = text.find(separator);
        each(text.substr(0, end));
        if (end == std::string_view::npos) return;
        text.remove_prefix(end + 1);
    }
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

}  // namespace

std::string Request::header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
}

std::string Request::cookie(std::string_view name) const {
    std::string value;
    const auto [first, last] = headers.equal_range("cookie");
    for (auto header = first; header != last; ++header) {
        split(header->second, ';', [&](std::string_view pair) {
            pair = trimmed(pair);
            const auto equals = pair.find('=');
            if (value.empty() && equals != std::string_view::npos && pair.substr(0, equals) == name)
                value = pair.substr(equals + 1);
        });
    }
    return value;
}

std::string Request::path_parameter(const std::string& name) const {
    const auto found = path_parameters.find(name);
    return found == path_parameters.end() ? std::string() : found->second;
}

Response json_response(int status, const nlohmann::ordered_json& value) {
    // Text of a guest or a caller that is not UTF-8 is replaced: an answer is never broken by its content.
    return {status,
            {},
            "application/json",
            value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)};
}

Response empty_response(int status) {
    return {status, {}, "", ""};
}

void parse_target(std::string_view target, Request& request) {
    const auto question = target.find('?');
    std::string_view path = target.substr(0, question);
    if (path.starts_with('/')) path.remove_prefix(1);
    split(path, '/',
          [&](std::string_view piece) { request.segments.push_back(percent_decoded(piece, '+')); });
    if (question == std::string_view::npos) return;
    split(target.substr(question + 1), '&', [&](std::string_view pair) {
        if (pair.empty()) return;
        const auto equals = pair.find('=');
        const std::string_view value =
            equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
        request.query.emplace(percent_decoded(pair.substr(0, equals), ' '), percent_decoded(value, ' '));
    });
}

}  // namespace hutch::api
