#pragma once

// The guest's console: one line an event, "<UTC time> <program>[<pid>]: <text>".

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace hutch::guest_init {

/// One console line, newline included. Control characters in `text` become '?', so that no line can pass for
/// two.
[[nodiscard]] std::string format_line(std::chrono::system_clock::time_point now, std::string_view program,
                                      pid_t pid, std::string_view text);

/// Writes one line of hutch-init's own.
void say(std::string_view text);

/// Cuts what the agent writes to its log into lines, at most `max_line` bytes each and `lines_per_second` of
/// them a second; what is above that is counted and the count reported.
class LogRelay {
public:
    static constexpr std::size_t max_line = 2048;
    static constexpr unsigned lines_per_second = 200;

    /// The finished lines in `bytes` and what was left over from before.
    [[nodiscard]] std::vector<std::string> take(std::string_view bytes,
                                                std::chrono::steady_clock::time_point now);

private:
    void add(std::vector<std::string>& lines, std::chrono::steady_clock::time_point now);

    std::string partial_;
    bool cut_ = false;  ///< the rest of the current line is thrown away
    std::chrono::steady_clock::time_point second_{};
    unsigned lines_in_second_ = 0;
    std::uint64_t dropped_ = 0;
};

}  // namespace hutch::guest_init
