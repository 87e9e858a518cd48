#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "common/result.hpp"
#include "manager/auth/clock.hpp"
#include "manager/auth/rate_limiter.hpp"
#include "manager/auth/sessions.hpp"

namespace hutch::auth {

struct AuthOptions {
    std::string api_key;  ///< not empty
    std::string admin_email;
    std::string admin_password;  ///< empty: login is off
    std::chrono::seconds session_lifetime{12 * 3600};
    std::int64_t failed_logins_per_minute = 30;  ///< for each address
    Clock clock = std::chrono::steady_clock::now;
};

/// Who makes a call.
struct Principal {
    enum class Kind { api_key, session };
    Kind kind = Kind::api_key;
    std::string id;     ///< names its bucket of the rate limits; never a secret
    std::string email;  ///< of a login, else empty
};

/// What a sign-in is answered with.
struct SignIn {
    std::string token;  ///< the session cookie's value
    std::string email;
    std::chrono::seconds lifetime;
};

/// Keys, logins and sessions. Any thread.
class Auth {
public:
    explicit Auth(AuthOptions options);

    [[nodiscard]] bool login_is_on() const { return !options_.admin_password.empty(); }

    [[nodiscard]] std::optional<Principal> with_key(const std::string& key) const;
    [[nodiscard]] std::optional<Principal> with_session(const std::string& token);

    /// A session for e-mail and password, or for a key. `address` is the caller's, for the limit of failures:
    /// beyond it even the right password is refused, too_many_requests "too_many_failed_logins". Wrong:
    /// unauthenticated. Login off: unauthenticated "login_off".
    [[nodiscard]] Result<SignIn> log_in(const std::string& email, const std::string& password,
                                        const std::string& address);
    [[nodiscard]] Result<SignIn> log_in_with_key(const std::string& key, const std::string& address);
    void log_out(const std::string& token) { sessions_.close(token); }

private:
    [[nodiscard]] Result<void> check_failures(const std::string& address);

    const AuthOptions options_;
    RateLimiter failed_logins_;
    Sessions sessions_;
};

}  // namespace hutch::auth
