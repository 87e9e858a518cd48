#pragma once

// Takes a fuzzer's bytes apart; past the end everything is zero.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace hutch::vsock::fuzz {

class Input {
public:
    Input(const std::uint8_t* data, std::size_t size)
        : bytes_(reinterpret_cast<const std::byte*>(data), size) {}

    [[nodiscard]] bool empty() const { return bytes_.empty(); }
    template <class Integer>
    [[nodiscard]] Integer number() {
        Integer value{};
        const std::span<const std::byte> taken = bytes(sizeof value);
        std::memcpy(&value, taken.data(), taken.size());
        return value;
    }
    [[nodiscard]] std::span<const std::byte> bytes(std::size_t count) {
        const std::span<const std::byte> taken = bytes_.first(std::min(count, bytes_.size()));
        bytes_ = bytes_.subspan(taken.size());
        return taken;
    }

private:
    std::span<const std::byte> bytes_;
};

}  // namespace hutch::vsock::fuzz
