#include "manager/api/errors.hpp"
#include "manager/api/fields.hpp"
#include "manager/api/json_body.hpp"
#include "manager/api/routes.hpp"
#include "manager/api/session_cookie.hpp"

namespace hutch::api {

namespace {

using nlohmann::ordered_json;

constexpr TextRule credential_rule{1024, TextRule::Characters::no_nul};

ordered_json email_body(const std::string& email) {
    return {{"email", email.empty() ? ordered_json() : ordered_json(email)}};
}

Response signed_in(const Result<auth::SignIn>& sign_in, const std::string& public_url) {
    if (!sign_in) {
        Response response = error_response(sign_in.error());
        if (response.status == 429) response.headers.emplace_back("Retry-After", "60");
        return response;
    }
    Response response = json_response(200, email_body(sign_in->email));
    response.headers.emplace_back("Set-Cookie", session_cookie(*sign_in, public_url));
    return response;
}

Result<auth::SignIn> log_in(auth::Auth& auth, const Request& request) {
    HUTCH_TRY(const auto body, parse_json_body(request.body));
    HUTCH_TRY(const std::string email, require_text(body, "email", credential_rule));
    HUTCH_TRY(const std::string password, require_text(body, "password", credential_rule));
    return auth.log_in(email, password, request.remote_address);
}

Result<auth::SignIn> log_in_with_key(auth::Auth& auth, const Request& request) {
    HUTCH_TRY(const auto body, parse_json_body(request.body));
    HUTCH_TRY(const std::string key, require_text(body, "apiKey", credential_rule));
    return auth.log_in_with_key(key, request.remote_address);
}

Response log_out(auth::Auth& auth, const std::string& public_url, const Request& request) {
    auth.log_out(request.cookie(session_cookie_name));
    Response response = empty_response(204);
    response.headers.emplace_back("Set-Cookie", expired_session_cookie(public_url));
    return response;
}

}  // namespace

void add_auth_routes(Router& router, auth::Auth& auth, const std::string& public_url) {
    router.add({"POST", "/auth/login", Access::open, Rate::all, Length::brief,
                [&auth, public_url](const Request& request) {
                    return signed_in(log_in(auth, request), public_url);
                }});
    router.add({"POST", "/auth/session", Access::open, Rate::all, Length::brief,
                [&auth, public_url](const Request& request) {
                    return signed_in(log_in_with_key(auth, request), public_url);
                }});
    router.add({"POST", "/auth/logout", Access::open, Rate::all, Length::brief,
                [&auth, public_url](const Request& request) { return log_out(auth, public_url, request); }});
    router.add({"GET", "/auth/me", Access::key, Rate::all, Length::brief, [](const Request& request) {
                    return json_response(200, email_body(request.principal->email));
                }});
}

}  // namespace hutch::api
