#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "manager/auth/clock.hpp"

namespace hutch::auth {

/// So many calls a minute for each caller, as a bucket of that many that refills evenly. Any thread.
/// Callers are forgotten when their bucket is full again; at most `max_callers` are known, beyond that new
/// ones share one bucket, so a flood of names costs no memory.
class RateLimiter {
public:
    static constexpr std::size_t max_callers = 10'000;

    RateLimiter(std::int64_t per_minute, Clock clock)
        : per_minute_(static_cast<double>(per_minute)), clock_(std::move(clock)) {}

    /// Takes one from the caller's bucket. When it is empty: how long until there is one again, and nothing
    /// is taken.
    [[nodiscard]] std::optional<std::chrono::seconds> take(const std::string& caller);
    /// The same answer without taking.
    [[nodiscard]] std::optional<std::chrono::seconds> would_wait(const std::string& caller);

private:
    struct Bucket {
        double left;
        Instant at;
    };
    Bucket& bucket(const std::string& caller, Instant now);
    [[nodiscard]] std::optional<std::chrono::seconds> wait(const Bucket& bucket) const;
    void forget_full(Instant now);

    const double per_minute_;
    const Clock clock_;
    std::mutex mutex_;
    std::unordered_map<std::string, Bucket> buckets_;  ///< guarded by mutex_
};

}  // namespace hutch::auth
