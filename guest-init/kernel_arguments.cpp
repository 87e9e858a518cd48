#include "guest-init/kernel_arguments.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <arpa/inet.h>

namespace hutch::guest_init {

namespace {

tl::unexpected<Error> bad_argument(std::string_view name, std::string_view why) {
    return fail(ErrorKind::invalid_argument, "kernel_argument",
                "kernel argument " + std::string(name) + " " + std::string(why));
}

Result<std::string> value_of(std::string_view command_line, std::string_view name) {
    std::optional<std::string> found;
    while (!command_line.empty()) {
        const std::size_t start = command_line.find_first_not_of(" \t\n");
        if (start == std::string_view::npos) break;
        command_line.remove_prefix(start);
        const std::size_t end = std::min(command_line.find_first_of(" \t\n"), command_line.size());
        const std::string_view word = command_line.substr(0, end);
        command_line.remove_prefix(end);
        if (!word.starts_with(name) || word.size() == name.size() || word[name.size()] != '=') continue;
        if (found) return bad_argument(name, "is given twice");
        found = word.substr(name.size() + 1);
    }
    if (!found || found->empty()) return bad_argument(name, "is missing");
    return *found;
}

Result<std::string> device(std::string_view command_line, std::string_view name) {
    HUTCH_TRY(std::string path, value_of(command_line, name));
    if (!path.starts_with("/dev/") || path.find("..") != std::string::npos)
        return bad_argument(name, "is not a device below /dev: " + path);
    return path;
}

bool is_hostname(std::string_view name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    };
    return name.size() <= 63 && name.front() != '-' && std::all_of(name.begin(), name.end(), allowed);
}

}  // namespace

Result<KernelArguments> parse_kernel_arguments(std::string_view command_line) {
    KernelArguments arguments;
    HUTCH_TRY(arguments.image, device(command_line, "hutch.image"));
    HUTCH_TRY(arguments.overlay, device(command_line, "hutch.overlay"));
    HUTCH_TRY(arguments.hostname, value_of(command_line, "hutch.hostname"));
    if (!is_hostname(arguments.hostname))
        return bad_argument("hutch.hostname", "is not a host name: " + arguments.hostname);

    HUTCH_TRY(const std::string network, value_of(command_line, "hutch.ip"));
    const std::size_t slash = network.find('/');
    arguments.address = network.substr(0, slash);
    in_addr parsed{};
    const char* digits = slash == std::string::npos ? nullptr : network.data() + slash + 1;
    const char* end = network.data() + network.size();
    if (digits == nullptr || ::inet_pton(AF_INET, arguments.address.c_str(), &parsed) != 1)
        return bad_argument("hutch.ip", "is not an IPv4 address with a prefix length: " + network);
    const auto [stop, error] = std::from_chars(digits, end, arguments.prefix_length);
    if (error != std::errc{} || stop != end || arguments.prefix_length < 1 || arguments.prefix_length > 32)
        return bad_argument("hutch.ip", "has a prefix length outside 1–32: " + network);
    return arguments;
}

}  // namespace hutch::guest_init
