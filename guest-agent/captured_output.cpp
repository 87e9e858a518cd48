#include "guest-agent/captured_output.hpp"

#include <algorithm>

#include "guest-agent/utf8.hpp"

namespace hutch::guest_agent {

void CapturedOutput::append(std::string_view bytes) {
    const std::size_t fitting = std::min(bytes.size(), limit_ - bytes_.size());
    if (fitting < bytes.size()) truncated_ = true;
    bytes_.append(bytes.substr(0, fitting));
}

std::string_view CapturedOutput::text() const {
    const std::string_view all = bytes_;
    return truncated_ ? all.substr(0, all.size() - utf8_unfinished_tail(all)) : all;
}

}  // namespace hutch::guest_agent
