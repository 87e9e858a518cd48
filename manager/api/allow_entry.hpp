#pragma once

#include <string>

namespace hutch::api {

/// Whether an entry of `allowIps` is of a known form: an IPv4 address, an IPv4 network ("10.0.0.0/8", no host
/// bits set), a domain name ("example.org") or all below one ("*.example.org"), each optionally with a port
/// (":443").
[[nodiscard]] bool is_allow_entry(const std::string& text);

}  // namespace hutch::api
