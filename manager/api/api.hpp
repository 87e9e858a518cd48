#pragma once

#include <atomic>
#include <string>

#include "manager/api/router.hpp"
#include "manager/api/static_files.hpp"
#include "manager/auth/auth.hpp"
#include "manager/auth/rate_limiter.hpp"

namespace hutch::api {

struct ApiLimits {
    std::int64_t calls_per_minute = 6000;
    std::int64_t creates_per_minute = 1200;
    std::int64_t execs_per_minute = 6000;
    /// Lengthy calls worked on at once; the rest of the threads stay free for brief ones.
    int lengthy_calls = 448;
    std::string public_url;
    auth::Clock clock = std::chrono::steady_clock::now;
};

/// Decides about each call: who it is, whether it may go on, and which route it goes to. Any thread.
/// Order: who calls (401 before anything else under /v1), a browser's page of another site (403), how often
/// (429), then which route (404, 405, 501).
class Api {
public:
    /// `router` is complete; all must outlive this.
    Api(const Router& router, auth::Auth& auth, const StaticFiles& files, ApiLimits limits);

    /// By the head alone, before a body is read: an answer that refuses the call, or nothing and the route to
    /// go to.
    struct Admission {
        std::optional<Response> refusal;
        const Route* route = nullptr;
    };
    [[nodiscard]] Admission admit(Request& request);

    /// Runs an admitted call, its body complete. Never throws.
    [[nodiscard]] Response handle(const Route& route, const Request& request);

private:
    [[nodiscard]] std::optional<auth::Principal> authenticate(const Request& request) const;
    [[nodiscard]] std::optional<Response> refuse_other_sites(const Request& request) const;
    [[nodiscard]] std::optional<Response> refuse_too_often(const Route* route, const Request& request);

    const Router& router_;
    auth::Auth& auth_;
    const StaticFiles& files_;
    const ApiLimits limits_;
    auth::RateLimiter all_calls_;
    auth::RateLimiter creates_;
    auth::RateLimiter execs_;
    std::atomic<int> lengthy_calls_{0};
};

}  // namespace hutch::api
