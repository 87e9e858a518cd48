#include "guest-agent/vsock.hpp"

#include <cerrno>
#include <cstdio>
#include <string>

#include <linux/vm_sockets.h>
#include <sys/socket.h>

#include "common/guest_contract.hpp"

namespace hutch::guest_agent {

namespace {

constexpr int backlog = 128;

sockaddr_vm address_of(std::uint32_t cid, std::uint32_t port) {
    sockaddr_vm address{};
    address.svm_family = AF_VSOCK;
    address.svm_cid = cid;
    address.svm_port = port;
    return address;
}

Result<sys::UniqueFd> new_socket() {
    sys::UniqueFd socket(::socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) return fail_errno("vsock socket", errno);
    return socket;
}

}  // namespace

Result<sys::UniqueFd> listen_vsock(std::uint32_t port) {
    HUTCH_TRY(sys::UniqueFd socket, new_socket());
    const sockaddr_vm address = address_of(VMADDR_CID_ANY, port);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return fail_errno("bind vsock port " + std::to_string(port), errno);
    if (::listen(socket.get(), backlog) != 0)
        return fail_errno("listen on vsock port " + std::to_string(port), errno);
    return socket;
}

Result<sys::UniqueFd> connect_to_host(std::uint32_t port) {
    HUTCH_TRY(sys::UniqueFd socket, new_socket());
    const sockaddr_vm address = address_of(guest_contract::host_cid, port);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return fail_errno("connect to the host's vsock port " + std::to_string(port), errno);
    return socket;
}

Result<sys::UniqueFd> accept_from_host(const sys::UniqueFd& listener) {
    for (;;) {
        sockaddr_vm peer{};
        socklen_t length = sizeof peer;
        sys::UniqueFd socket(
            ::accept4(listener.get(), reinterpret_cast<sockaddr*>(&peer), &length, SOCK_CLOEXEC));
        if (!socket) {
            if (errno == EINTR || errno == ECONNABORTED) continue;
            return fail_errno("accept", errno);
        }
        if (peer.svm_family == AF_VSOCK && peer.svm_cid == guest_contract::host_cid) return socket;
        std::fprintf(stderr, "refused a connection from CID %u\n", peer.svm_cid);
    }
}

}  // namespace hutch::guest_agent
