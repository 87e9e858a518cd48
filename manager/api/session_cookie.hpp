#pragma once

#include <string>
#include <string_view>

#include "manager/auth/auth.hpp"

namespace hutch::api {

inline constexpr std::string_view session_cookie_name = "hutch_session";

/// The Set-Cookie value that starts a session. Secure when `public_url` is https.
[[nodiscard]] std::string session_cookie(const auth::SignIn& sign_in, const std::string& public_url);
/// The one that ends it.
[[nodiscard]] std::string expired_session_cookie(const std::string& public_url);

}  // namespace hutch::api
