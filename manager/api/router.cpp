#include "manager/api/router.hpp"

namespace hutch::api {

namespace {

constexpr std::string_view rest = "{rest…}";

bool is_parameter(const std::string& piece) {
    return piece.size() > 2 && piece.front() == '{' && piece.back() == '}';
}

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& segments) {
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == rest) return segments.size() > i;
        if (i >= segments.size()) return false;
        if (is_parameter(pattern[i]) ? segments[i].empty() : segments[i] != pattern[i]) return false;
    }
    return pattern.size() == segments.size();
}

}  // namespace

void Router::add(Route route) {
    Request parsed;
    parse_target(route.pattern, parsed);
    entries_.push_back({std::move(route), std::move(parsed.segments)});
}

Router::Match Router::match(Request& request) const {
    Match found;
    const std::string method = request.method == "HEAD" ? "GET" : request.method;
    for (const Entry& entry : entries_) {
        if (!matches(entry.pattern, request.segments)) continue;
        found.allowed_methods.push_back(entry.route.method);
        if (found.route != nullptr || entry.route.method != method) continue;
        found.route = &entry.route;
        for (std::size_t i = 0; i < entry.pattern.size(); ++i) {
            const std::string& piece = entry.pattern[i];
            if (is_parameter(piece) && piece != rest)
                request.path_parameters[piece.substr(1, piece.size() - 2)] = request.segments[i];
        }
    }
    return found;
}

}  // namespace hutch::api
