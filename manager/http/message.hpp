#pragma once

// HTTP/1.1 messages as the server reads and writes them.

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace hutch::http {

/// Longest head (request line and headers) accepted, in bytes.
inline constexpr std::size_t max_head_bytes = 16 * 1024;
inline constexpr std::size_t max_target_bytes = 8 * 1024;
inline constexpr std::size_t max_header_count = 100;
/// A body up to this is received before a call takes a thread, in bytes.
inline constexpr std::size_t small_body_bytes = 64 * 1024;

struct Response {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string content_type;  ///< empty: no body
    std::string body;
};

/// Why a head is refused, with the status for it.
struct Refusal {
    int status;
    std::string message;
};

/// A request's head.
struct Head {
    std::string method;
    std::string target;                               ///< starts with '/'
    std::multimap<std::string, std::string> headers;  ///< names in lower case
    bool keep_alive = true;  ///< the client may go on with this connection; never in HTTP/1.0
    bool expects_continue = false;
    bool chunked = false;
    std::size_t content_length = 0;  ///< 0 when chunked
};

/// The length of the head at the start of `bytes`, its empty line included; empty when it is not complete.
[[nodiscard]] std::optional<std::size_t> head_length(std::string_view bytes);

/// Reads a whole head, strictly (RFC 9112): CRLF only, no folded lines, no space before a colon, one Host in
/// HTTP/1.1, and a body's length said in one way only, so that no proxy in front can see another message than
/// we do.
[[nodiscard]] std::variant<Head, Refusal> parse_head(std::string_view bytes);

/// Status line, headers and body. `close`: the connection ends with it. `with_body`: false for the answer to
/// HEAD.
enum class AfterResponse { keep, close };
enum class BodyPart { sent, left_out };
[[nodiscard]] std::string write_response(const Response& response, AfterResponse after, BodyPart body);

/// Undoes the chunked transfer coding piece by piece. Any error is final.
class ChunkedDecoder {
public:
    explicit ChunkedDecoder(std::size_t max_bytes) : max_bytes_(max_bytes) {}

    enum class Status { needs_more, done, malformed, too_large };
    /// Takes bytes from the front of `input`, as many as belong to the body, and appends what they carry to
    /// `output`.
    [[nodiscard]] Status decode(std::string& input, std::string& output);

private:
    enum class State { size_line, data, data_end, trailers, done };

    std::size_t max_bytes_;
    State state_ = State::size_line;
    std::size_t left_ = 0;  ///< of the present chunk
    std::size_t trailer_bytes_ = 0;
};

}  // namespace hutch::http
