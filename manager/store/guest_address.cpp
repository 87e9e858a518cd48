#include "manager/store/guest_address.hpp"

#include <arpa/inet.h>

namespace hutch::store {

namespace {
constexpr std::int64_t network = std::int64_t{0xAC10} << 16;  // 172.16.0.0
}

std::string guest_address(std::int64_t offset) {
    return "172.16." + std::to_string(offset >> 8) + "." + std::to_string(offset & 255);
}

std::optional<std::int64_t> guest_address_offset(const std::string& text) {
    in_addr address{};
    if (::inet_pton(AF_INET, text.c_str(), &address) != 1) return std::nullopt;
    const std::int64_t offset = std::int64_t{ntohl(address.s_addr)} - network;
    if (offset < first_guest_offset || offset > last_guest_offset) return std::nullopt;
    return offset;
}

}  // namespace hutch::store
