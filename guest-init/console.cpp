#include "guest-init/console.hpp"

#include <cstdio>

#include <time.h>
#include <unistd.h>

namespace hutch::guest_init {

std::string format_line(std::chrono::system_clock::time_point now, std::string_view program, pid_t pid,
                        std::string_view text) {
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
    const time_t seconds = milliseconds / 1000;
    tm parts{};
    ::gmtime_r(&seconds, &parts);
    char stamp[64];
    const int length = std::snprintf(stamp, sizeof stamp, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ ",
                                     parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                                     parts.tm_min, parts.tm_sec, static_cast<int>(milliseconds % 1000));
    std::string line(stamp, static_cast<std::size_t>(length));
    line.append(program).append("[").append(std::to_string(pid)).append("]: ");
    for (const char c : text) line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    line += '\n';
    return line;
}

void say(std::string_view text) {
    const std::string line = format_line(std::chrono::system_clock::now(), "hutch-init", ::getpid(), text);
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) return;  // no console: nobody to tell
}

std::vector<std::string> LogRelay::take(std::string_view bytes, std::chrono::steady_clock::time_point now) {
    std::vector<std::string> lines;
    for (const char c : bytes) {
        if (c == '\n') {
            add(lines, now);
        } else if (partial_.size() < max_line) {
            partial_ += c;
        } else {
            cut_ = true;
        }
    }
    return lines;
}

void LogRelay::add(std::vector<std::string>& lines, std::chrono::steady_clock::time_point now) {
    if (now - second_ >= std::chrono::seconds(1)) {
        if (dropped_ > 0) lines.push_back("(" + std::to_string(dropped_) + " lines dropped)");
        second_ = now;
        lines_in_second_ = 0;
        dropped_ = 0;
    }
    if (lines_in_second_ < lines_per_second) {
        ++lines_in_second_;
        lines.push_back(cut_ ? partial_ + " (cut)" : partial_);
    } else {
        ++dropped_;
    }
    partial_.clear();
    cut_ = false;
}

}  // namespace hutch::guest_init
