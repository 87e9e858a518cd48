#pragma once

// The line with which a host program names the guest's port: "CONNECT 8080\n". Collects its bytes and never
// takes one that follows it. One thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hutch::vsock {

class ConnectLine {
public:
    /// The longest line, newline included: "CONNECT 4294967295\n".
    static constexpr std::size_t max_length = 19;

    enum class State { incomplete, complete, malformed };

    /// Looks at bytes that came in; `taken` becomes how many of them belong to the line.
    [[nodiscard]] State add(std::string_view bytes, std::size_t& taken);
    /// How many bytes the line can still have.
    [[nodiscard]] std::size_t room() const { return max_length - length_; }
    /// The port, when complete: 0 to 2³² − 1.
    [[nodiscard]] std::uint32_t port() const { return port_; }

private:
    [[nodiscard]] State parse();

    std::array<char, max_length> line_{};
    std::size_t length_ = 0;
    std::uint32_t port_ = 0;
};

}  // namespace hutch::vsock
