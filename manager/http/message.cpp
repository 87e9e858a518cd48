#include "manager/http/message.hpp"

#include <algorithm>
#include <charconv>

namespace hutch::http {

namespace {

/// Longest line with a chunk's size, extensions included; also the most of all trailers.
constexpr std::size_t max_chunk_line_bytes = 1024;
constexpr std::size_t max_trailer_bytes = 8 * 1024;

bool is_token_character(char c) {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    return result;
}

std::string_view trimmed(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

/// Whether a comma-separated header names the option.
bool names_option(const Head& head, const std::string& header, std::string_view option) {
    const auto [first, last] = head.headers.equal_range(header);
    for (auto entry = first; entry != last; ++entry) {
        std::string_view rest = entry->second;
        for (;;) {
            const auto comma = rest.find(',');
            if (lower(trimmed(rest.substr(0, comma))) == option) return true;
            if (comma == std::string_view::npos) break;
            rest.remove_prefix(comma + 1);
        }
    }
    return false;
}

std::optional<Refusal> parse_request_line(std::string_view line, Head& head, int& minor_version) {
    const auto first = line.find(' ');
    const auto second = line.find(' ', first == std::string_view::npos ? first : first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos)
        return Refusal{400, "the request line is malformed"};
    const std::string_view method = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, second - first - 1);
    const std::string_view version = line.substr(second + 1);
    if (!is_token(method) || method.size() > 32) return Refusal{400, "the method is malformed"};
    if (version != "HTTP/1.1" && version != "HTTP/1.0") {
        return Refusal{version.starts_with("HTTP/") && version.size() == 8 ? 505 : 400,
                       "only HTTP/1.1 and HTTP/1.0 are spoken here"};
    }
    minor_version = version.back() - '0';
    if (target.size() > max_target_bytes) return Refusal{414, "the request's target is too long"};
    const bool clean =
        std::none_of(target.begin(), target.end(), [](char c) { return is_control(c) || c == '#'; });
    if (!target.starts_with('/') || !clean) return Refusal{400, "the request's target must be a path"};
    head.method = method;
    head.target = target;
    return std::nullopt;
}

std::optional<Refusal> parse_header_line(std::string_view line, Head& head) {
    const auto colon = line.find(':');
    // A name may not be empty nor end in a space, which also refuses folded lines.
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
        return Refusal{400, "a header line is malformed"};
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (std::any_of(value.begin(), value.end(), [](char c) { return is_control(c) && c != '\t'; })) {
        return Refusal{400, "a header has a control character"};
    }
    if (head.headers.size() >= max_header_count) return Refusal{431, "there are too many headers"};
    head.headers.emplace(lower(line.substr(0, colon)), value);
    return std::nullopt;
}

std::optional<Refusal> read_body_framing(Head& head, int minor_version) {
    const auto lengths = head.headers.count("content-length");
    const auto codings = head.headers.count("transfer-encoding");
    if (lengths > 1 || codings > 1 || (lengths > 0 && codings > 0)) {
        return Refusal{400, "the body's length is given in more than one way"};
    }
    if (codings == 1) {
        if (minor_version == 0) return Refusal{400, "HTTP/1.0 has no Transfer-Encoding"};
        if (lower(head.headers.find("transfer-encoding")->second) != "chunked") {
            return Refusal{501, "the only Transfer-Encoding known here is chunked"};
        }
        head.chunked = true;
    }
    if (lengths == 1) {
        const std::string& text = head.headers.find("content-length")->second;
        const bool digits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                         [](char c) { return c >= '0' && c <= '9'; });
        const auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), head.content_length);
        if (!digits || end != text.data() + text.size())
            return Refusal{400, "Content-Length is not a number"};
        if (error != std::errc{}) return Refusal{413, "the body is too large"};
    }
    return std::nullopt;
}

std::optional<Refusal> read_connection_headers(Head& head, int minor_version) {
    const auto hosts = head.headers.count("host");
    if (hosts > 1 || (hosts == 0 && minor_version == 1)) return Refusal{400, "there must be one Host header"};
    head.keep_alive = minor_version == 1 && !names_option(head, "connection", "close");
    const auto expect = head.headers.find("expect");
    if (expect == head.headers.end()) return std::nullopt;
    if (lower(expect->second) != "100-continue")
        return Refusal{417, "the only expectation known here is 100-continue"};
    head.expects_continue = minor_version == 1;
    return std::nullopt;
}

const char* reason(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 417:
            return "Expectation Failed";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        case 507:
            return "Insufficient Storage";
        default:
            return "";
    }
}

}  // namespace

std::optional<std::size_t> head_length(std::string_view bytes) {
    const auto end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    return end + 4;
}

std::variant<Head, Refusal> parse_head(std::string_view bytes) {
    Head head;
    int minor_version = 1;
    bool first = true;
    while (!bytes.empty()) {
        const auto end = bytes.find("\r\n");
        const std::string_view line = bytes.substr(0, end);
        if (end == std::string_view::npos || line.find_first_of("\r\n") != std::string_view::npos) {
            return Refusal{400, "a line of the head does not end in CRLF"};
        }
        bytes.remove_prefix(end + 2);
        if (line.empty() && !first) break;
        const auto refusal =
            first ? parse_request_line(line, head, minor_version) : parse_header_line(line, head);
        if (refusal) return *refusal;
        first = false;
    }
    if (first) return Refusal{400, "the request line is missing"};
    if (const auto refusal = read_connection_headers(head, minor_version)) return *refusal;
    if (const auto refusal = read_body_framing(head, minor_version)) return *refusal;
    return head;
}

std::string write_response(const Response& response, AfterResponse after, BodyPart body) {
    std::string text = "HTTP/1.1 " + std::to_string(response.status) + " " + reason(response.status) + "\r\n";
    for (const auto& [name, value] : response.headers) {
        // A line break in a value would start a header of its own.
        if (std::any_of(value.begin(), value.end(), is_control)) continue;
        text += name + ": " + value + "\r\n";
    }
    if (!response.content_type.empty()) text += "Content-Type: " + response.content_type + "\r\n";
    if (response.status != 204) text += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
    if (after == AfterResponse::close) text += "Connection: close\r\n";
    text += "\r\n";
    if (body == BodyPart::sent) text += response.body;
    return text;
}

ChunkedDecoder::Status ChunkedDecoder::decode(std::string& input, std::string& output) {
    std::size_t used = 0;
    const auto finish = [&](Status status) {
        input.erase(0, used);
        return status;
    };
    for (;;) {
        const std::string_view rest = std::string_view(input).substr(used);
        switch (state_) {
            case State::size_line: {
                const auto end = rest.find("\r\n");
                if (end == std::string_view::npos) {
                    return finish(rest.size() > max_chunk_line_bytes ? Status::malformed
                                                                     : Status::needs_more);
                }
                const std::string_view line = rest.substr(0, end);
                const std::string_view digits = line.substr(0, line.find(';'));
                const auto [last, error] =
                    std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
                const bool clean = std::none_of(line.begin(), line.end(), is_control);
                if (digits.empty() || last != digits.data() + digits.size() || !clean ||
                    line.size() > max_chunk_line_bytes) {
                    return finish(Status::malformed);
                }
                if (error != std::errc{} || left_ > max_bytes_ - std::min(max_bytes_, output.size()))
                    return finish(Status::too_large);
                used += end + 2;
                state_ = left_ == 0 ? State::trailers : State::data;
                break;
            }
            case State::data: {
                const std::size_t count = std::min(left_, rest.size());
                output.append(rest.substr(0, count));
                used += count;
                left_ -= count;
                if (left_ > 0) return finish(Status::needs_more);
                state_ = State::data_end;
                break;
            }
            case State::data_end:
                if (rest.size() < 2) return finish(Status::needs_more);
                if (!rest.starts_with("\r\n")) return finish(Status::malformed);
                used += 2;
                state_ = State::size_line;
                break;
            case State::trailers: {
                const auto end = rest.find("\r\n");
                trailer_bytes_ += end == std::string_view::npos ? 0 : end + 2;
                if (trailer_bytes_ > max_trailer_bytes ||
                    (end == std::string_view::npos && rest.size() > max_trailer_bytes)) {
                    return finish(Status::malformed);
                }
                if (end == std::string_view::npos) return finish(Status::needs_more);
                used += end + 2;
                if (end == 0) state_ = State::done;  // trailers are of no use here and left out
                break;
            }
            case State::done:
                return finish(Status::done);
        }
    }
}

}  // namespace hutch::http
