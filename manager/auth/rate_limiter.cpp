#include "manager/auth/rate_limiter.hpp"

#include <algorithm>
#include <cmath>

namespace hutch::auth {

namespace {

double refilled(double left, double per_minute, Instant from, Instant to) {
    const double minutes = std::chrono::duration<double, std::ratio<60>>(to - from).count();
    return std::min(per_minute, left + minutes * per_minute);
}

}  // namespace

void RateLimiter::forget_full(Instant now) {
    std::erase_if(buckets_, [&](const auto& entry) {
        return refilled(entry.second.left, per_minute_, entry.second.at, now) >= per_minute_;
    });
}

RateLimiter::Bucket& RateLimiter::bucket(const std::string& caller, Instant now) {
    auto found = buckets_.find(caller);
    if (found == buckets_.end()) {
        if (buckets_.size() >= max_callers) forget_full(now);
        found = buckets_
                    .try_emplace(buckets_.size() >= max_callers ? std::string() : caller,
                                 Bucket{per_minute_, now})
                    .first;
    }
    Bucket& bucket = found->second;
    bucket.left = refilled(bucket.left, per_minute_, bucket.at, now);
    bucket.at = now;
    return bucket;
}

std::optional<std::chrono::seconds> RateLimiter::wait(const Bucket& bucket) const {
    if (bucket.left >= 1) return std::nullopt;
    const double seconds = (1 - bucket.left) / per_minute_ * 60;
    return std::chrono::seconds(std::max<std::int64_t>(1, std::llround(std::ceil(seconds))));
}

std::optional<std::chrono::seconds> RateLimiter::take(const std::string& caller) {
    const std::lock_guard lock(mutex_);
    Bucket& found = bucket(caller, clock_());
    const auto seconds = wait(found);
    if (!seconds) found.left -= 1;
    return seconds;
}

std::optional<std::chrono::seconds> RateLimiter::would_wait(const std::string& caller) {
    const std::lock_guard lock(mutex_);
    return wait(bucket(caller, clock_()));
}

}  // namespace hutch::auth
