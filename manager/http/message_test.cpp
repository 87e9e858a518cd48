#include "manager/http/message.hpp"

#include <gtest/gtest.h>

namespace hutch::http {
namespace {

using std::string_literals::operator""s;

Head head_of(const std::string& text) {
    const auto parsed = parse_head(text);
    if (const auto* refusal = std::get_if<Refusal>(&parsed))
        ADD_FAILURE() << refusal->status << " " << refusal->message << " for " << text;
    return std::holds_alternative<Head>(parsed) ? std::get<Head>(parsed) : Head{};
}

int refused_with(const std::string& text) {
    const auto parsed = parse_head(text);
    const auto* refusal = std::get_if<Refusal>(&parsed);
    return refusal == nullptr ? 0 : refusal->status;
}

TEST(ParseHead, ReadsWhatClientsSend) {
    const Head head = head_of(
        "POST /v1/vms?a=b HTTP/1.1\r\nHost: x\r\nContent-LENGTH: 12\r\nX-Api-Key:  k \r\nEmpty:\r\n\r\n");
    EXPECT_EQ(head.method, "POST");
    EXPECT_EQ(head.target, "/v1/vms?a=b");
    EXPECT_EQ(head.content_length, 12U);
    EXPECT_EQ(head.headers.find("x-api-key")->second, "k");
    EXPECT_EQ(head.headers.find("empty")->second, "");
    EXPECT_TRUE(head.keep_alive);
    EXPECT_FALSE(head.chunked);
}

TEST(ParseHead, ConnectionAndVersion) {
    EXPECT_FALSE(head_of("GET / HTTP/1.1\r\nHost: x\r\nConnection: foo, Close\r\n\r\n").keep_alive);
    EXPECT_FALSE(head_of("GET / HTTP/1.0\r\n\r\n").keep_alive);
    EXPECT_TRUE(head_of("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n")
                    .expects_continue);
    EXPECT_EQ(refused_with("GET / HTTP/1.1\r\nHost: x\r\nExpect: a-pony\r\n\r\n"), 417);
    EXPECT_EQ(refused_with("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), 505);
    EXPECT_EQ(refused_with("GET / http/1.1\r\nHost: x\r\n\r\n"), 400);
}

TEST(ParseHead, ABodysLengthIsSaidOnceAndClearly) {
    const auto with = [](const std::string& headers) {
        return "POST / HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n";
    };
    EXPECT_TRUE(head_of(with("Transfer-Encoding: Chunked\r\n")).chunked);
    EXPECT_EQ(refused_with(with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")), 400);
    EXPECT_EQ(refused_with(with("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n")), 400);
    EXPECT_EQ(refused_with(with("Content-Length: 5\r\nContent-Length: 6\r\n")), 400);
    EXPECT_EQ(refused_with(with("Content-Length: 5\r\nContent-Length: 5\r\n")), 400);
    EXPECT_EQ(refused_with(with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")), 400);
    EXPECT_EQ(refused_with(with("Transfer-Encoding: gzip, chunked\r\n")), 501);
    EXPECT_EQ(refused_with(with("Transfer-Encoding: xchunked\r\n")), 501);
    for (const char* length : {"-1", "+5", "5, 5", "0x5", "5 5", "", "five", "5.0"}) {
        EXPECT_EQ(refused_with(with("Content-Length: "s + length + "\r\n")), 400) << length;
    }
    EXPECT_EQ(refused_with(with("Content-Length: 99999999999999999999999\r\n")), 413);
    EXPECT_EQ(refused_with("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(ParseHead, MalformedLines) {
    for (const std::string& text : {"\r\n"s,
                                    "\r\n\r\n"s,
                                    "GET\r\n\r\n"s,
                                    "GET /\r\n\r\n"s,
                                    " GET / HTTP/1.1\r\nHost: x\r\n\r\n"s,
                                    "GET  / HTTP/1.1\r\nHost: x\r\n\r\n"s,
                                    "GET / HTTP/1.1 \r\nHost: x\r\n\r\n"s,
                                    "G(T / HTTP/1.1\r\nHost: x\r\n\r\n"s,
                                    "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n"s,
                                    "GET * HTTP/1.1\r\nHost: x\r\n\r\n"s,
                                    "GET /a\tb HTTP/1.1\r\nHost: x\r\n\r\n"s,
                                    "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n"s,
                                    "GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n"s,
                                    "GET / HTTP/1.1\r\n\r\n"s,
                                    "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"s,
                                    "GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n"s,
                                    "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n"s,
                                    "GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n"s,
                                    "GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n"s,
                                    "GET / HTTP/1.1\r\nHost: x\r\nA: b\nB: c\r\n\r\n"s,
                                    "GET / HTTP/1.1\r\nHost: x\r\nA: b\rB: c\r\n\r\n"s,
                                    "GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n"s,
                                    "GET / HTTP/1.1\nHost: x\n\r\n\r\n"s}) {
        EXPECT_EQ(refused_with(text), 400) << text;
    }
}

TEST(ParseHead, TooMuch) {
    EXPECT_EQ(refused_with("GET /" + std::string(max_target_bytes, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n"),
              414);
    std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
    for (std::size_t i = 0; i < max_header_count; ++i) many += "A: b\r\n";
    EXPECT_EQ(refused_with(many + "\r\n"), 431);
}

TEST(HeadLength, NeedsTheEmptyLine) {
    EXPECT_FALSE(head_length("GET / HTTP/1.1\r\nHost: x\r\n"));
    EXPECT_EQ(head_length("GET / HTTP/1.1\r\nHost: x\r\n\r\nbody"), 27U);
}

TEST(WriteResponse, HeadersCannotBeSplit) {
    const std::string text =
        write_response({200, {{"X", "a\r\nSet-Cookie: b"}, {"Y", "z"}}, "text/plain", "body"},
                       AfterResponse::close, BodyPart::sent);
    EXPECT_EQ(text,
              "HTTP/1.1 200 OK\r\nY: z\r\nContent-Type: text/plain\r\nContent-Length: 4\r\nConnection: "
              "close\r\n\r\nbody");
    EXPECT_EQ(write_response({204, {}, "", ""}, AfterResponse::keep, BodyPart::sent),
              "HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ(write_response({200, {}, "a/b", "body"}, AfterResponse::keep, BodyPart::left_out),
              "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 4\r\n\r\n");
}

/// Feeds the bytes in pieces of each size, which must not matter.
ChunkedDecoder::Status decode(const std::string& bytes, std::string& output, std::string& left,
                              std::size_t max_bytes = 1000) {
    ChunkedDecoder::Status status{};
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
        ChunkedDecoder decoder(max_bytes);
        output.clear();
        left.clear();
        status = ChunkedDecoder::Status::needs_more;
        std::size_t at = 0;
        while (status == ChunkedDecoder::Status::needs_more && at < bytes.size()) {
            left += bytes.substr(at, piece);
            at += piece;
            status = decoder.decode(left, output);
        }
        if (at < bytes.size()) left += bytes.substr(at);
    }
    return status;
}

TEST(ChunkedDecoder, JoinsChunksAndLeavesTheNextRequest) {
    std::string output;
    std::string left;
    EXPECT_EQ(decode("5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: x\r\n\r\nGET / ", output, left),
              ChunkedDecoder::Status::done);
    EXPECT_EQ(output, "hello world");
    EXPECT_EQ(left, "GET / ");
    EXPECT_EQ(decode("0\r\n\r\n", output, left), ChunkedDecoder::Status::done);
    EXPECT_EQ(output, "");
    EXPECT_EQ(decode("5\r\nhel", output, left), ChunkedDecoder::Status::needs_more);
}

TEST(ChunkedDecoder, RefusesWhatIsMalformedOrTooLarge) {
    std::string output;
    std::string left;
    using Status = ChunkedDecoder::Status;
    for (const std::string& text : {"x\r\n"s, "\r\n\r\n"s, "-5\r\nhello\r\n"s, "0x5\r\nhello\r\n"s,
                                    " 5\r\nhello\r\n"s, "5 \r\nhello\r\n"s, "5\r\nhelloX\r\n"s,
                                    "5\nhello\r\n\r\n"s, "5;a\nb\r\nhello\r\n"s, std::string(3000, '1')}) {
        EXPECT_EQ(decode(text, output, left), Status::malformed) << text;
    }
    EXPECT_EQ(decode("0\r\n" + std::string(9000, 'a') + "\r\n\r\n", output, left), Status::malformed);
    EXPECT_EQ(decode("3e9\r\n", output, left), Status::too_large);
    EXPECT_EQ(decode("ffffffffffffffffffff\r\n", output, left), Status::too_large);
    EXPECT_EQ(decode("3\r\nabc\r\n3\r\nabc\r\n", output, left, 5), Status::too_large);
}

}  // namespace
}  // namespace hutch::http
