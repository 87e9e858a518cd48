#pragma once

#include <string>

namespace hutch::auth {

/// What a browser says about where a request comes from; empty when the header was not sent.
struct RequestOrigin {
    std::string sec_fetch_site;
    std::string origin;
    std::string host;
};

/// Whether a state-changing call with a session's cookie may go on. A browser names another site in
/// Sec-Fetch-Site or Origin; a program that keeps cookies sends neither and is allowed. `public_url` is the
/// configured address for browsers, may be empty.
[[nodiscard]] bool is_same_origin(const RequestOrigin& request, const std::string& public_url);

}  // namespace hutch::auth
