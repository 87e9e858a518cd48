#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "manager/auth/clock.hpp"

namespace hutch::auth {

/// Who is behind a session.
struct SessionOwner {
    std::string email;  ///< empty: made from an API key
};

/// Browser sessions, in memory: a restart signs everybody out. Tokens are 256 random bits and kept only as
/// their SHA-256. Any thread. At most `max_sessions`; the one that expires first makes room.
class Sessions {
public:
    static constexpr std::size_t max_sessions = 1'000;

    Sessions(std::chrono::seconds lifetime, Clock clock) : lifetime_(lifetime), clock_(std::move(clock)) {}

    /// A new session's token, 64 hexadecimal digits.
    [[nodiscard]] std::string open(SessionOwner owner);
    /// Empty for a token that is unknown, expired or closed.
    [[nodiscard]] std::optional<SessionOwner> find(const std::string& token);
    void close(const std::string& token);
    [[nodiscard]] std::chrono::seconds lifetime() const { return lifetime_; }

private:
    struct Session {
        SessionOwner owner;
        Instant expires;
    };
    void make_room(Instant now);

    const std::chrono::seconds lifetime_;
    const Clock clock_;
    std::mutex mutex_;
    std::unordered_map<std::string, Session> sessions_;  ///< by the token's SHA-256; guarded by mutex_
};

}  // namespace hutch::auth
