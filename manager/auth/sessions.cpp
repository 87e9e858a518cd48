#include "manager/auth/sessions.hpp"

#include <algorithm>

#include "common/sys/random.hpp"
#include "manager/crypto/sha256.hpp"

namespace hutch::auth {

void Sessions::make_room(Instant now) {
    std::erase_if(sessions_, [&](const auto& entry) { return entry.second.expires <= now; });
    if (sessions_.size() < max_sessions) return;
    const auto first = std::min_element(
        sessions_.begin(), sessions_.end(),
        [](const auto& left, const auto& right) { return left.second.expires < right.second.expires; });
    sessions_.erase(first);
}

std::string Sessions::open(SessionOwner owner) {
    std::string token = sys::random_hex(32);
    const Instant now = clock_();
    const std::lock_guard lock(mutex_);
    make_room(now);
    sessions_[crypto::sha256_hex(token)] = {std::move(owner), now + lifetime_};
    return token;
}

std::optional<SessionOwner> Sessions::find(const std::string& token) {
    if (!crypto::is_sha256_hex(token)) return std::nullopt;  // a token has the same shape
    const std::string digest = crypto::sha256_hex(token);
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(digest);
    if (found == sessions_.end()) return std::nullopt;
    if (found->second.expires <= clock_()) {
        sessions_.erase(found);
        return std::nullopt;
    }
    return found->second.owner;
}

void Sessions::close(const std::string& token) {
    const std::string digest = crypto::sha256_hex(token);
    const std::lock_guard lock(mutex_);
    sessions_.erase(digest);
}

}  // namespace hutch::auth
