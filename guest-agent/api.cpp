#include "guest-agent/api.hpp"

#include <algorithm>
#include <memory>

#include <signal.h>
#include <time.h>

#include "common/guest_contract.hpp"
#include "guest-agent/exec_request.hpp"
#include "guest-agent/utf8.hpp"

namespace hutch::guest_agent {

namespace {

using httplib::Request;
using httplib::Response;

constexpr char json_type[] = "application/json";
constexpr pid_t init_pid = 1;

int status_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::invalid_argument:
            return 400;
        case ErrorKind::not_found:
            return 404;
        case ErrorKind::payload_too_large:
            return 413;
        case ErrorKind::too_many_requests:
            return 429;
        default:
            return 500;
    }
}

void answer_error(Response& response, int status, std::string_view message, std::string_view code) {
    std::string body = "{\"message\":";
    append_json_string(body, message);
    body += ",\"code\":";
    append_json_string(body, code);
    response.status = status;
    response.set_content(body + "}", json_type);
}

void answer_error(Response& response, const Error& error) {
    answer_error(response, status_of(error.kind), error.message, error.code);
}

void handle_health(const BootInfo& boot, Response& response) {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    const std::int64_t uptime = now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
    response.set_content("{\"status\":\"ok\",\"version\":" + std::to_string(guest_contract::version) +
                             ",\"bootId\":\"" + boot.boot_id + "\",\"uptimeMs\":" + std::to_string(uptime) +
                             "}",
                         json_type);
}

/// Reads the body into memory of its own, which is free again before the command runs.
Result<ExecRequest> read_exec_request(const Request& request, const httplib::ContentReader& content) {
    std::string body;
    body.reserve(std::min(request.get_header_value_u64("Content-Length"), HttpServer::max_body));
    const bool complete = content([&](const char* bytes, std::size_t count) {
        body.append(bytes, count);
        return true;
    });
    if (!complete)
        return fail(ErrorKind::payload_too_large, "payload_too_large",
                    "the body broke off or is larger than 16 MiB");
    return parse_exec_request(body);
}

void handle_exec(ExecService& service, const Request& request, const httplib::ContentReader& content,
                 Response& response) {
    auto parsed = read_exec_request(request, content);
    if (!parsed) return answer_error(response, parsed.error());
    auto finished = service.run(*parsed, HttpServer::client_socket());
    if (!finished) return answer_error(response, finished.error());
    response.set_content(to_json(finished->result), json_type);
    // The next exec is prepared once this one's caller has its answer.
    HttpServer::after_answer(
        [lease = std::make_shared<SlotLease>(std::move(finished->lease))]() mutable { lease.reset(); });
}

void handle_shutdown(Response& response) {
    response.status = 202;
    response.set_content("{}", json_type);
    HttpServer::after_answer([] { ::kill(init_pid, SIGTERM); });
}

/// Answers that cpp-httplib makes itself have no body: give them one of our form.
void complete_error(Response& response) {
    if (!response.body.empty()) return;
    switch (response.status) {
        case 404:
            return answer_error(response, 404, "no such call", "not_found");
        case 413:
            return answer_error(response, 413, "the body is larger than 16 MiB", "payload_too_large");
        default:
            return answer_error(response, response.status, "not an HTTP request that can be served",
                                "bad_request");
    }
}

}  // namespace

void register_api(HttpServer& server, ExecService& service, const BootInfo& boot) {
    // One pattern with a parameter each: cpp-httplib compiles every other pattern to a regular expression at
    // start.
    server.Get("/:call", [boot](const Request& request, Response& response) {
        if (request.path == "/health") return handle_health(boot, response);
        response.status = 404;
    });
    server.Post("/:call", [&service](const Request& request, Response& response,
                                     const httplib::ContentReader& content) {
        if (request.path == "/exec") return handle_exec(service, request, content, response);
        if (request.path == "/shutdown") return handle_shutdown(response);
        response.status = 404;
    });
    server.set_error_handler([](const Request&, Response& response) { complete_error(response); });
    server.set_exception_handler([](const Request&, Response& response, std::exception_ptr) {
        answer_error(response, 500, "the agent ran into an unexpected failure", "internal");
    });
}

}  // namespace hutch::guest_agent
