#include "manager/auth/auth.hpp"

#include "manager/crypto/sha256.hpp"

namespace hutch::auth {

Auth::Auth(AuthOptions options)
    : options_(std::move(options)),
      failed_logins_(options_.failed_logins_per_minute, options_.clock),
      sessions_(options_.session_lifetime, options_.clock) {}

std::optional<Principal> Auth::with_key(const std::string& key) const {
    if (options_.api_key.empty() || !crypto::equal_in_constant_time(key, options_.api_key))
        return std::nullopt;
    return Principal{Principal::Kind::api_key, "bootstrap", ""};
}

std::optional<Principal> Auth::with_session(const std::string& token) {
    const auto owner = sessions_.find(token);
    if (!owner) return std::nullopt;
    return Principal{Principal::Kind::session, "session-" + crypto::sha256_hex(token).substr(0, 16),
                     owner->email};
}

Result<void> Auth::check_failures(const std::string& address) {
    if (!failed_logins_.would_wait(address)) return {};
    return fail(ErrorKind::too_many_requests, "too_many_failed_logins",
                "too many failed sign-ins from this address: wait a minute");
}

Result<SignIn> Auth::log_in(const std::string& email, const std::string& password,
                            const std::string& address) {
    if (!login_is_on()) {
        return fail(ErrorKind::unauthenticated, "login_off",
                    "login with a password is off: HUTCH_ADMIN_PASSWORD is not set");
    }
    HUTCH_CHECK(check_failures(address));
    // Both are compared always, so that the time does not tell which was wrong.
    const bool email_right = crypto::equal_in_constant_time(email, options_.admin_email);
    const bool password_right = crypto::equal_in_constant_time(password, options_.admin_password);
    if (!email_right || !password_right) {
        (void)failed_logins_.take(address);
        return fail(ErrorKind::unauthenticated, "wrong_credentials", "wrong e-mail or password");
    }
    return SignIn{sessions_.open({options_.admin_email}), options_.admin_email, sessions_.lifetime()};
}

Result<SignIn> Auth::log_in_with_key(const std::string& key, const std::string& address) {
    HUTCH_CHECK(check_failures(address));
    if (!with_key(key)) {
        (void)failed_logins_.take(address);
        return fail(ErrorKind::unauthenticated, "wrong_api_key", "this API key is not valid");
    }
    return SignIn{sessions_.open({}), "", sessions_.lifetime()};
}

}  // namespace hutch::auth
