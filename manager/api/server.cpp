#include "manager/api/server.hpp"

#include <algorithm>
#include <chrono>

#include <spdlog/spdlog.h>

#include "manager/api/api.hpp"
#include "manager/api/errors.hpp"
#include "manager/api/routes.hpp"
#include "manager/http/server.hpp"

namespace hutch::api {

namespace {

/// Threads that lengthy calls may never take, so that brief ones are always answered.
constexpr std::int64_t threads_for_brief_calls = 16;

/// What every answer carries.
void add_common_headers(Response& response) {
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    response.headers.emplace_back("X-Frame-Options", "DENY");
    response.headers.emplace_back("Referrer-Policy", "no-referrer");
    const bool cached = std::any_of(response.headers.begin(), response.headers.end(),
                                    [](const auto& header) { return header.first == "Cache-Control"; });
    if (!cached) response.headers.emplace_back("Cache-Control", "no-store");
}

/// One call between the HTTP server and the Api.
class ApiCall final : public http::Handler::Call {
public:
    ApiCall(Api& api, http::Head head, http::Handler::Client client) : api_(api) {
        request_.method = std::move(head.method);
        parse_target(head.target, request_);
        request_.headers = std::move(head.headers);
        request_.body_is_here = client.body_is_here;
        request_.remote_address = std::move(client.address);
        request_.client_is_gone = std::move(client.is_gone);
        request_.when_client_leaves = std::move(client.when_gone);
    }

    std::optional<Response> refuse() override {
        Api::Admission admission = api_.admit(request_);
        route_ = admission.route;
        if (admission.refusal) finish(*admission.refusal);
        return std::move(admission.refusal);
    }

    Response run(std::string body) override {
        request_.body = std::move(body);
        Response response = api_.handle(*route_, request_);
        finish(response);
        return response;
    }

private:
    void finish(Response& response) const {
        add_common_headers(response);
        if (!spdlog::should_log(spdlog::level::debug)) return;
        const auto took =
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun_).count();
        // The pattern, not the path: what a caller writes into a path has no place in the log.
        spdlog::debug("{} {}: {} in {:.1f} ms", request_.method,
                      route_ == nullptr ? "(refused)" : route_->pattern, response.status, took);
    }

    Api& api_;
    Request request_;
    const Route* route_ = nullptr;
    std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

class ApiHandler final : public http::Handler {
public:
    explicit ApiHandler(Api& api) : api_(api) {}

    std::unique_ptr<Call> begin(http::Head head, Client client) override {
        return std::make_unique<ApiCall>(api_, std::move(head), std::move(client));
    }
    Response refusal(const http::Refusal& reason) override {
        Response response = error_response(
            reason.status, reason.status == 413 ? "payload_too_large" : "invalid_request", reason.message);
        add_common_headers(response);
        return response;
    }

private:
    Api& api_;
};

ApiLimits limits_of(const config::Config& config) {
    ApiLimits limits;
    limits.calls_per_minute = config.rate_limit;
    limits.creates_per_minute = config.rate_limit_create;
    limits.execs_per_minute = config.rate_limit_exec;
    limits.lengthy_calls = static_cast<int>(config.http_threads - threads_for_brief_calls);
    limits.public_url = config.public_url;
    return limits;
}

http::ServerOptions options_of(const config::Config& config) {
    http::ServerOptions options;
    options.max_threads = static_cast<std::size_t>(config.http_threads);
    options.max_connections = static_cast<std::size_t>(config.max_connections);
    options.max_body_bytes = static_cast<std::size_t>(config.max_body_bytes);
    return options;
}

}  // namespace

struct Server::Parts {
    Parts(auth::Auth& auth, StaticFiles static_files, ApiLimits limits)
        : files(std::move(static_files)), api(router, auth, files, std::move(limits)), handler(api) {}

    Router router;
    StaticFiles files;
    Api api;
    ApiHandler handler;
    std::unique_ptr<http::Server> http;
};

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::create(const Dependencies& dependencies) {
    const config::Config& config = dependencies.config;
    StaticFiles files;
    std::error_code ignored;
    if (std::filesystem::is_directory(config.webui_dir, ignored)) {
        HUTCH_TRY(files, StaticFiles::load(config.webui_dir));
    } else {
        spdlog::warn("no web UI: {} is not a folder (HUTCH_WEBUI_DIR)", config.webui_dir.string());
    }

    auto parts = std::make_unique<Parts>(dependencies.auth, std::move(files), limits_of(config));
    const CreateLimits create_limits{dependencies.max_vcpus, config.min_memory_mib, config.max_memory_mib,
                                     config.max_disk_mib};
    add_vm_routes(parts->router, dependencies.vms, create_limits);
    add_exec_routes(parts->router, dependencies.vms, config.max_exec_timeout_ms);
    add_image_routes(parts->router, dependencies.images);
    add_auth_routes(parts->router, dependencies.auth, config.public_url);
    add_service_routes(parts->router);
    add_unavailable_routes(parts->router);
    HUTCH_TRY(parts->http, http::Server::create(parts->handler, options_of(config)));
    return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Result<void> Server::listen(const std::string& host, int port) {
    auto listening = parts_->http->listen(host, port);
    if (listening) return {};
    Error error = listening.error();
    error.message += "; choose another address with HUTCH_LISTEN, or end the program that has it";
    return tl::unexpected<Error>(std::move(error));
}

int Server::port() const {
    return parts_->http->port();
}
void Server::serve() {
    parts_->http->serve();
}
void Server::stop() {
    parts_->http->stop();
}

}  // namespace hutch::api
