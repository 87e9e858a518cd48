#include "manager/vm/host_user.hpp"

#include <arpa/inet.h>
#include <unistd.h>

namespace hutch::vm {

Result<std::optional<std::uint32_t>> host_user_for(const std::string& guest_ip) {
    if (::geteuid() != 0) return std::optional<std::uint32_t>{};
    in_addr address{};
    if (::inet_pton(AF_INET, guest_ip.c_str(), &address) != 1)
        return fail(ErrorKind::internal, "bad_guest_ip",
                    "guest address " + guest_ip + " is not an IPv4 address");
    return std::optional(first_host_uid + (ntohl(address.s_addr) & 0xffffU));
}

}  // namespace hutch::vm
