// The heads and chunked bodies of hostile clients.

#include <cstdint>
#include <cstdlib>

#include "manager/http/message.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hutch::http;
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    const auto parsed = parse_head(bytes);
    if (const auto* head = std::get_if<Head>(&parsed)) {
        if (!head->target.starts_with('/') || (head->chunked && head->content_length > 0)) std::abort();
    }

    // Whole and byte by byte must agree.
    constexpr std::size_t max_bytes = 4096;
    ChunkedDecoder whole(max_bytes);
    std::string whole_input = bytes;
    std::string whole_output;
    const auto whole_status = whole.decode(whole_input, whole_output);
    if (whole_output.size() > max_bytes) std::abort();
    ChunkedDecoder pieces(max_bytes);
    std::string input;
    std::string output;
    auto status = ChunkedDecoder::Status::needs_more;
    for (std::size_t i = 0; i < bytes.size() && status == ChunkedDecoder::Status::needs_more; ++i) {
        input += bytes[i];
        status = pieces.decode(input, output);
    }
    if (status != whole_status && size > 0) std::abort();
    if (status == ChunkedDecoder::Status::done && output != whole_output) std::abort();
    return 0;
}
