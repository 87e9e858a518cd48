#include "manager/vsock_device/options.hpp"

#include <charconv>
#include <limits>

namespace hutch::vsock {

const std::string_view usage =
    "hutch-vsock: a vhost-user vsock device for one virtual machine\n"
    "\n"
    "  --vhost-fd N             listening Unix socket on which the VMM connects (required)\n"
    "  --listen-fd N            listening Unix socket for host programs: \"CONNECT <port>\\n\" (required)\n"
    "  --host-socket-dir PATH   where vsock.sock_<port> are, which the guest may connect to (required)\n"
    "  --guest-cid N            the guest's context id, 3 to 4294967294 (default 3)\n"
    "  --max-connections N      connections at once, 1 to 65536 (default 1024)\n"
    "\n"
    "Exits with 0 when the VMM disconnects, with 1 and a line on stderr on any error.\n";

namespace {

tl::unexpected<Error> refuse(const std::string& why) {
    return fail(ErrorKind::invalid_argument, "bad_option", why);
}

template <class Integer>
Result<Integer> number(std::string_view option, std::string_view text, Integer least, Integer most) {
    Integer value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
        return refuse(std::string(option) + " needs a number from " + std::to_string(least) + " to " +
                      std::to_string(most));
    return value;
}

}  // namespace

Result<Options> Options::parse(std::span<const char* const> arguments) {
    Options options;
    constexpr int most_fd = std::numeric_limits<int>::max();
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view option = arguments[i];
        if (option == "--help") {
            options.help = true;
            return options;
        }
        const bool known = option == "--vhost-fd" || option == "--listen-fd" ||
                           option == "--host-socket-dir" || option == "--guest-cid" ||
                           option == "--max-connections";
        if (!known) return refuse("unknown option " + std::string(option));
        if (i + 1 == arguments.size()) return refuse(std::string(option) + " needs a value");
        const std::string_view value = arguments[++i];
        if (option == "--vhost-fd") {
            HUTCH_TRY(options.front_end_listener, number<int>(option, value, 0, most_fd));
        } else if (option == "--listen-fd") {
            HUTCH_TRY(options.host_listener, number<int>(option, value, 0, most_fd));
        } else if (option == "--host-socket-dir") {
            if (value.empty()) return refuse("--host-socket-dir needs a path");
            options.host_socket_directory = value;
        } else if (option == "--guest-cid") {
            HUTCH_TRY(options.guest_cid, number<std::uint32_t>(option, value, 3, 4294967294U));
        } else {
            HUTCH_TRY(options.max_connections, number<std::size_t>(option, value, 1, 65536));
        }
    }
    if (options.front_end_listener < 0) return refuse("--vhost-fd is missing");
    if (options.host_listener < 0) return refuse("--listen-fd is missing");
    if (options.host_socket_directory.empty()) return refuse("--host-socket-dir is missing");
    if (options.front_end_listener == options.host_listener)
        return refuse("--vhost-fd and --listen-fd name the same descriptor");
    return options;
}

}  // namespace hutch::vsock
