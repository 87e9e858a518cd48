#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hutch::guest_agent {

/// What a program wrote to one stream, up to a limit. What comes after it is counted as seen and thrown away,
/// so that memory stays flat and the program is not blocked.
class CapturedOutput {
public:
    explicit CapturedOutput(std::size_t limit) : limit_(limit) {}

    void append(std::string_view bytes);
    /// True once something did not fit.
    [[nodiscard]] bool truncated() const { return truncated_; }
    /// What was kept. When cut, not in the middle of a UTF-8 character.
    [[nodiscard]] std::string_view text() const;

private:
    std::size_t limit_;
    std::string bytes_;
    bool truncated_ = false;
};

}  // namespace hutch::guest_agent
