#include "common/sys/random.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <sys/random.h>

namespace hutch::sys {

void fill_random(std::span<unsigned char> bytes) {
    while (!bytes.empty()) {
        const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            std::perror("getrandom");
            std::abort();
        }
        bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
}

std::string random_hex(std::size_t byte_count) {
    static constexpr char digits[] = "0123456789abcdef";
    std::vector<unsigned char> bytes(byte_count);
    fill_random(bytes);
    std::string text;
    text.reserve(byte_count * 2);
    for (const unsigned char byte : bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

}  // namespace hutch::sys
