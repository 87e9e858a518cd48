#include "guest-init/network.hpp"

#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/sys/unique_fd.hpp"

namespace hutch::guest_init {

namespace {

constexpr char interface[] = "eth0";

ifreq request_for(const char* name) {
    ifreq request{};
    std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    return request;
}

Result<void> bring_up(const sys::UniqueFd& socket, const char* name) {
    ifreq request = request_for(name);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0)
        return fail_errno(std::string("bring up ") + name, errno);
    return {};
}

/// RTM_NEWLINK with IFLA_IFNAME eth0 and IFLA_INFO_KIND dummy, laid out as rtnetlink(7) says.
struct NewDummy {
    nlmsghdr header;
    ifinfomsg link;
    rtattr name_header;
    char name[8];
    rtattr info_header;
    rtattr kind_header;
    char kind[8];
};

Result<void> create_dummy() {
    NewDummy message{};
    message.header = {.nlmsg_len = sizeof message,
                      .nlmsg_type = RTM_NEWLINK,
                      .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
                      .nlmsg_seq = 1,
                      .nlmsg_pid = 0};
    message.link.ifi_family = AF_UNSPEC;
    message.name_header = {.rta_len = sizeof(rtattr) + sizeof interface, .rta_type = IFLA_IFNAME};
    std::memcpy(message.name, interface, sizeof interface);
    message.info_header = {.rta_len = 2 * sizeof(rtattr) + sizeof message.kind, .rta_type = IFLA_LINKINFO};
    message.kind_header = {.rta_len = sizeof(rtattr) + 5, .rta_type = IFLA_INFO_KIND};
    std::memcpy(message.kind, "dummy", 5);

    const sys::UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!socket) return fail_errno("netlink socket", errno);
    if (::send(socket.get(), &message, sizeof message, 0) < 0) return fail_errno("create eth0", errno);
    struct {
        nlmsghdr header;
        nlmsgerr error;
        char rest[256];
    } answer{};
    if (::recv(socket.get(), &answer, sizeof answer, 0) < 0) return fail_errno("create eth0", errno);
    if (answer.header.nlmsg_type != NLMSG_ERROR) return fail_errno("create eth0", EPROTO);
    if (answer.error.error != 0) return fail_errno("create eth0", -answer.error.error);
    return {};
}

}  // namespace

Result<void> set_up_network(const std::string& address, unsigned prefix_length) {
    const sys::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return fail_errno("socket", errno);
    HUTCH_CHECK(bring_up(socket, "lo"));

    // A kernel with the driver built in has made a first one already.
    ifreq rename = request_for("dummy0");
    std::memcpy(rename.ifr_newname, interface, sizeof interface);
    if (::ioctl(socket.get(), SIOCSIFNAME, &rename) != 0) HUTCH_CHECK(create_dummy());

    ifreq request = request_for(interface);
    sockaddr_in value{};
    value.sin_family = AF_INET;
    if (::inet_pton(AF_INET, address.c_str(), &value.sin_addr) != 1)
        return fail_errno("address " + address, EINVAL);
    std::memcpy(&request.ifr_addr, &value, sizeof value);
    if (::ioctl(socket.get(), SIOCSIFADDR, &request) != 0) return fail_errno("set address of eth0", errno);
    value.sin_addr.s_addr = htonl(~std::uint32_t{0} << (32 - prefix_length));
    std::memcpy(&request.ifr_netmask, &value, sizeof value);
    if (::ioctl(socket.get(), SIOCSIFNETMASK, &request) != 0) return fail_errno("set netmask of eth0", errno);
    return bring_up(socket, interface);
}

}  // namespace hutch::guest_init
