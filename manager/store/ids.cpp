#include "manager/store/ids.hpp"

#include <algorithm>
#include <array>

#include "common/sys/random.hpp"

namespace hutch::store {

namespace {

constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::size_t random_length = 20;

std::string random_characters() {
    // Bytes at or above the largest multiple of 36 are drawn again, so that each character is equally likely.
    constexpr unsigned char limit = 256 / alphabet.size() * alphabet.size();
    std::string text;
    std::array<unsigned char, 32> bytes{};
    while (text.size() < random_length) {
        sys::fill_random(bytes);
        for (const unsigned char byte : bytes) {
            if (byte < limit && text.size() < random_length) text += alphabet[byte % alphabet.size()];
        }
    }
    return text;
}

}  // namespace

template <class Tag>
Id<Tag> Id<Tag>::generate() {
    Id id;
    id.text_ = std::string(Tag::prefix) + random_characters();
    return id;
}

template <class Tag>
std::optional<Id<Tag>> Id<Tag>::parse(std::string_view text) {
    if (text.size() != Tag::prefix.size() + random_length || !text.starts_with(Tag::prefix))
        return std::nullopt;
    const std::string_view rest = text.substr(Tag::prefix.size());
    const bool valid = std::all_of(rest.begin(), rest.end(), [](char character) {
        return alphabet.find(character) != std::string_view::npos;
    });
    if (!valid) return std::nullopt;
    Id id;
    id.text_ = std::string(text);
    return id;
}

template class Id<VmTag>;
template class Id<ImageTag>;

}  // namespace hutch::store
