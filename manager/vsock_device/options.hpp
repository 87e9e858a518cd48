#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace hutch::vsock {

/// What the command line says.
struct Options {
    std::uint32_t guest_cid = 3;
    int front_end_listener = -1;
    int host_listener = -1;
    std::string host_socket_directory;
    std::size_t max_connections = 1024;
    bool help = false;

    /// `arguments` without the program's name. Fails naming what is unknown, missing or out of range.
    [[nodiscard]] static Result<Options> parse(std::span<const char* const> arguments);
};

extern const std::string_view usage;

}  // namespace hutch::vsock
