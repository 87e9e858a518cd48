#include "manager/crypto/sha256.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <unistd.h>

#include "common/sys/file.hpp"

namespace hutch::crypto {

namespace {

using Digest = std::array<unsigned char, 32>;

class Hasher {
public:
    Hasher() : context_(EVP_MD_CTX_new()) {
        // Only a lack of memory can make these fail.
        if (context_ == nullptr || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
            std::abort();
    }
    void add(const void* bytes, std::size_t count) {
        if (EVP_DigestUpdate(context_.get(), bytes, count) != 1) std::abort();
    }
    Digest finish() {
        Digest digest{};
        if (EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) != 1) std::abort();
        return digest;
    }

private:
    struct Free {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, Free> context_;
};

std::string to_hex(const Digest& digest) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : digest) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

Digest sha256(std::string_view bytes) {
    Hasher hasher;
    hasher.add(bytes.data(), bytes.size());
    return hasher.finish();
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
    return to_hex(sha256(bytes));
}

Result<std::string> sha256_hex_of_file(const std::filesystem::path& path) {
    HUTCH_TRY(const sys::UniqueFd fd, sys::open(path, O_RDONLY));
    Hasher hasher;
    std::vector<char> piece(std::size_t{1} << 20);
    for (;;) {
        const ssize_t got = ::read(fd.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno("read " + path.string(), errno);
        if (got == 0) return to_hex(hasher.finish());
        hasher.add(piece.data(), static_cast<std::size_t>(got));
    }
}

bool is_sha256_hex(std::string_view text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool equal_in_constant_time(std::string_view given, std::string_view secret) {
    // Digests are compared, so that neither content nor length of the secret shows in the time.
    const Digest left = sha256(given);
    const Digest right = sha256(secret);
    return CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace hutch::crypto
