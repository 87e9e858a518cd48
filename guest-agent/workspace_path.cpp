#include "guest-agent/workspace_path.hpp"

#include <climits>
#include <vector>

namespace hutch::guest_agent {

Result<std::string> workspace_path(std::string_view path, std::string_view field) {
    const auto refuse = [&](std::string_view why) {
        return fail(ErrorKind::invalid_argument, "invalid_path", std::string(field) + " " + std::string(why));
    };
    if (path.empty()) return refuse("must not be empty");
    if (path.size() > PATH_MAX) return refuse("is longer than 4096 bytes");
    if (path.find('\0') != std::string_view::npos) return refuse("must not contain a NUL");

    std::vector<std::string_view> names;
    if (path.front() != '/') names.push_back(workspace.substr(1));
    while (!path.empty()) {
        const std::size_t slash = std::min(path.find('/'), path.size());
        const std::string_view name = path.substr(0, slash);
        path.remove_prefix(std::min(slash + 1, path.size()));
        if (name.empty() || name == ".") continue;
        if (name != "..") {
            names.push_back(name);
        } else if (!names.empty()) {
            names.pop_back();
        }
        if (names.empty() || names.front() != workspace.substr(1))
            return refuse("must be /workspace or a path below it");
    }
    if (names.empty()) return refuse("must be /workspace or a path below it");

    std::string absolute;
    for (const std::string_view name : names) absolute.append("/").append(name);
    return absolute;
}

}  // namespace hutch::guest_agent
