#include "common/sys/unix_socket.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace hutch::sys {

namespace {

Result<sockaddr_un> address_in(const UniqueFd& directory, const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = "/proc/self/fd/" + std::to_string(directory.get()) + "/" + name;
    if (path.size() >= sizeof address.sun_path) return fail_errno("socket name " + name, ENAMETOOLONG);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

Result<UniqueFd> new_socket() {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return fail_errno("socket", errno);
    return fd;
}

}  // namespace

Result<UniqueFd> listen_unix(const UniqueFd& directory, const std::string& name, int backlog) {
    HUTCH_TRY(const sockaddr_un address, address_in(directory, name));
    HUTCH_TRY(UniqueFd fd, new_socket());
    if (::unlinkat(directory.get(), name.c_str(), 0) != 0 && errno != ENOENT)
        return fail_errno("remove old socket " + name, errno);
    // fchmod before bind gives the socket file its mode without a moment of a wider one
    if (::fchmod(fd.get(), 0600) != 0) return fail_errno("set mode of socket " + name, errno);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return fail_errno("bind socket " + name, errno);
    if (::listen(fd.get(), backlog) != 0) return fail_errno("listen on socket " + name, errno);
    return fd;
}

Result<UniqueFd> connect_unix(const UniqueFd& directory, const std::string& name) {
    HUTCH_TRY(const sockaddr_un address, address_in(directory, name));
    HUTCH_TRY(UniqueFd fd, new_socket());
    while (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        if (errno == EINTR) continue;
        return fail_errno("connect to socket " + name, errno);
    }
    return fd;
}

Result<SocketPair> make_socket_pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return fail_errno("socketpair", errno);
    return SocketPair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

}  // namespace hutch::sys
