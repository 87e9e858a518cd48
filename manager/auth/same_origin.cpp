#include "manager/auth/same_origin.hpp"

#include <algorithm>

namespace hutch::auth {

namespace {

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    return text;
}

/// "host:port" of "scheme://host:port", empty when it has no such shape (also for "null").
std::string authority(const std::string& url) {
    const auto slashes = url.find("://");
    if (slashes == std::string::npos) return {};
    const auto start = slashes + 3;
    return lower(url.substr(start, url.find('/', start) - start));
}

}  // namespace

bool is_same_origin(const RequestOrigin& request, const std::string& public_url) {
    if (!request.sec_fetch_site.empty() && lower(request.sec_fetch_site) != "same-origin") return false;
    if (request.origin.empty()) return true;
    const std::string named = authority(request.origin);
    if (named.empty()) return false;
    return named == lower(request.host) || (!public_url.empty() && named == authority(public_url));
}

}  // namespace hutch::auth
