#include "guest-agent/limit_hits.hpp"

#include <algorithm>
#include <charconv>

#include <unistd.h>

#include "guest-agent/exec_slot.hpp"

namespace hutch::guest_agent {

namespace {

std::uint64_t counter_of(const sys::UniqueFd& file, std::string_view key) {
    char text[512];
    const ssize_t count = ::pread(file.get(), text, sizeof text, 0);
    return count > 0 ? counter_in({text, static_cast<std::size_t>(count)}, key) : 0;
}

}  // namespace

std::uint64_t counter_in(std::string_view text, std::string_view key) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ' ') continue;
        std::uint64_t value = 0;
        std::from_chars(line.data() + key.size() + 1, line.data() + line.size(), value);
        return value;
    }
    return 0;
}

LimitHits read_limit_hits(const ExecSlot& slot) {
    return {counter_of(slot.memory_events, "oom_kill"), counter_of(slot.pids_events, "max")};
}

}  // namespace hutch::guest_agent
