#include "manager/api/api.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include "manager/api/errors.hpp"
#include "manager/api/session_cookie.hpp"
#include "manager/auth/same_origin.hpp"

namespace hutch::api {

namespace {

bool changes_state(const Request& request) {
    return request.method != "GET" && request.method != "HEAD" && request.method != "OPTIONS";
}

bool is_under_v1(const Request& request) {
    return !request.segments.empty() && request.segments[0] == "v1";
}

Response too_often(std::chrono::seconds wait, const char* what) {
    Response response =
        error_response(ErrorKind::too_many_requests, "rate_limited",
                       fmt::format("too many {} in a minute: try again in {} s", what, wait.count()));
    response.headers.emplace_back("Retry-After", std::to_string(wait.count()));
    return response;
}

/// Counts a lengthy call while it lives.
class LengthyCall {
public:
    LengthyCall(std::atomic<int>& count, int most) : count_(count), granted_(count.fetch_add(1) < most) {}
    ~LengthyCall() { count_.fetch_sub(1); }
    LengthyCall(const LengthyCall&) = delete;
    LengthyCall& operator=(const LengthyCall&) = delete;
    [[nodiscard]] bool granted() const { return granted_; }

private:
    std::atomic<int>& count_;
    const bool granted_;
};

}  // namespace

Api::Api(const Router& router, auth::Auth& auth, const StaticFiles& files, ApiLimits limits)
    : router_(router),
      auth_(auth),
      files_(files),
      limits_(std::move(limits)),
      all_calls_(limits_.calls_per_minute, limits_.clock),
      creates_(limits_.creates_per_minute, limits_.clock),
      execs_(limits_.execs_per_minute, limits_.clock) {}

std::optional<auth::Principal> Api::authenticate(const Request& request) const {
    // A key that is sent decides, also when a session would do: a wrong key is never covered up by a cookie.
    if (const std::string key = request.header("x-api-key"); !key.empty()) return auth_.with_key(key);
    if (const std::string value = request.header("authorization"); !value.empty()) {
        constexpr std::string_view scheme = "bearer ";
        std::string given = value.substr(0, scheme.size());
        std::transform(given.begin(), given.end(), given.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
        return given == scheme ? auth_.with_key(value.substr(scheme.size())) : std::nullopt;
    }
    return auth_.with_session(request.cookie(session_cookie_name));
}

std::optional<Response> Api::refuse_other_sites(const Request& request) const {
    const bool by_session = request.principal && request.principal->kind == auth::Principal::Kind::session;
    const bool signing_in = !request.segments.empty() && request.segments[0] == "auth";
    if (!changes_state(request) || !(by_session || signing_in)) return std::nullopt;
    const auth::RequestOrigin origin{request.header("sec-fetch-site"), request.header("origin"),
                                     request.header("host")};
    if (auth::is_same_origin(origin, limits_.public_url)) return std::nullopt;
    return error_response(ErrorKind::forbidden, "other_site",
                          "a page of another site may not make this call");
}

std::optional<Response> Api::refuse_too_often(const Route* route, const Request& request) {
    if (!request.principal) return std::nullopt;
    const std::string& caller = request.principal->id;
    if (const auto wait = all_calls_.take(caller)) return too_often(*wait, "calls");
    if (route == nullptr) return std::nullopt;
    if (route->rate == Rate::create) {
        if (const auto wait = creates_.take(caller)) return too_often(*wait, "VMs created");
    }
    if (route->rate == Rate::exec) {
        if (const auto wait = execs_.take(caller)) return too_often(*wait, "commands");
    }
    return std::nullopt;
}

Api::Admission Api::admit(Request& request) {
    request.principal = authenticate(request);
    const Router::Match match = router_.match(request);
    const bool needs_principal =
        is_under_v1(request) || (match.route != nullptr && match.route->access == Access::key);
    if (needs_principal && !request.principal) {
        Response refusal =
            error_response(ErrorKind::unauthenticated, "unauthenticated",
                           "an API key (X-API-Key, or Authorization: Bearer) or a session is needed");
        refusal.headers.emplace_back("WWW-Authenticate", "Bearer");
        return {std::move(refusal), nullptr};
    }
    if (auto refusal = refuse_other_sites(request)) return {std::move(refusal), nullptr};
    if (auto refusal = refuse_too_often(match.route, request)) return {std::move(refusal), nullptr};

    if (match.route == nullptr && match.allowed_methods.empty()) {
        if (auto file = files_.find(request)) return {std::move(file), nullptr};
        return {error_response(ErrorKind::not_found, "no_such_route", "there is nothing at this path"),
                nullptr};
    }
    if (match.route == nullptr) {
        Response refusal =
            error_response(405, "method_not_allowed", request.method + " is not a method of this path");
        refusal.headers.emplace_back("Allow", fmt::format("{}", fmt::join(match.allowed_methods, ", ")));
        return {std::move(refusal), nullptr};
    }
    if (!match.route->handler) {
        return {error_response(not_available(match.route->method + " " + match.route->pattern).value()),
                nullptr};
    }
    if (!request.principal && !request.body_is_here) {
        // Nobody unknown may hold a thread by sending slowly.
        return {error_response(ErrorKind::payload_too_large, "payload_too_large",
                               fmt::format("without a key, a body is at most {} bytes, with a Content-Length",
                                           http::small_body_bytes)),
                nullptr};
    }
    return {std::nullopt, match.route};
}

Response Api::handle(const Route& route, const Request& request) {
    std::optional<LengthyCall> lengthy;
    if (route.length == Length::lengthy) {
        lengthy.emplace(lengthy_calls_, limits_.lengthy_calls);
        if (!lengthy->granted()) {
            Response busy = error_response(ErrorKind::no_capacity, "too_busy",
                                           "too many calls are being worked on: try again soon");
            busy.headers.emplace_back("Retry-After", "1");
            return busy;
        }
    }
    try {
        return route.handler(request);
    } catch (const std::exception& error) {
        spdlog::error("{} {}: {}", route.method, route.pattern, error.what());
        return error_response(ErrorKind::internal, "internal", "the manager failed to work on this call");
    }
}

}  // namespace hutch::api
