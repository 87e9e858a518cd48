#include "manager/api/session_cookie.hpp"

namespace hutch::api {

namespace {

std::string cookie(const std::string& value, long long max_age_seconds, const std::string& public_url) {
    std::string text = std::string(session_cookie_name) + "=" + value +
                       "; Path=/; HttpOnly; SameSite=Lax; Max-Age=" + std::to_string(max_age_seconds);
    if (public_url.starts_with("https://")) text += "; Secure";
    return text;
}

}  // namespace

std::string session_cookie(const auth::SignIn& sign_in, const std::string& public_url) {
    return cookie(sign_in.token, sign_in.lifetime.count(), public_url);
}

std::string expired_session_cookie(const std::string& public_url) {
    return cookie("", 0, public_url);
}

}  // namespace hutch::api
