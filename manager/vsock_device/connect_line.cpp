#include "manager/vsock_device/connect_line.hpp"

#include <algorithm>
#include <charconv>

namespace hutch::vsock {

ConnectLine::State ConnectLine::add(std::string_view bytes, std::size_t& taken) {
    const std::size_t newline = bytes.find('\n');
    taken = std::min(newline == std::string_view::npos ? bytes.size() : newline + 1, room());
    std::copy_n(bytes.begin(), taken, line_.begin() + static_cast<std::ptrdiff_t>(length_));
    length_ += taken;
    if (length_ != 0 && line_[length_ - 1] == '\n') return parse();
    return room() == 0 ? State::malformed : State::incomplete;
}

ConnectLine::State ConnectLine::parse() {
    constexpr std::string_view command = "CONNECT ";
    const std::string_view line(line_.data(), length_ - 1);
    if (!line.starts_with(command)) return State::malformed;
    const std::string_view number = line.substr(command.size());
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), port_);
    return error == std::errc() && end == number.data() + number.size() ? State::complete : State::malformed;
}

}  // namespace hutch::vsock
