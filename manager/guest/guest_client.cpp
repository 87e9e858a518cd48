#include "manager/guest/guest_client.hpp"

#include "common/guest_contract.hpp"
#include "common/sys/file.hpp"
#include "manager/guest/agent_connection.hpp"
#include "manager/guest/messages.hpp"

namespace hutch::guest {

namespace {

/// Beyond the command's own timeout: for killing it, and for the answer's way.
constexpr std::chrono::milliseconds exec_grace{15'000};
/// Two streams at their cap with every byte written as a six-character JSON escape, and the rest of the
/// answer.
constexpr std::size_t max_body = 2 * 6 * guest_contract::default_max_output + (64 << 10);
constexpr std::size_t max_idle_connections = 16;

Error error_of_status(int status, const std::string& body) {
    const std::string reason = parse_error_message(body);
    switch (status) {
        case 400:
            return {ErrorKind::invalid_argument, "invalid_argument", reason};
        case 413:
            return {ErrorKind::payload_too_large, "payload_too_large", reason};
        case 429:
            return {ErrorKind::too_many_requests, "too_many_execs", reason};
        default:
            return {ErrorKind::guest_failed, "guest_failed",
                    "the guest's agent answered " + std::to_string(status) + ": " + reason};
    }
}

}  // namespace

GuestClient::GuestClient(sys::UniqueFd directory) : directory_(std::move(directory)) {}
GuestClient::~GuestClient() = default;

Result<std::unique_ptr<GuestClient>> GuestClient::create(const std::filesystem::path& vm_directory) {
    HUTCH_TRY(sys::UniqueFd directory, sys::open_directory(vm_directory));
    return std::unique_ptr<GuestClient>(new GuestClient(std::move(directory)));
}

std::unique_ptr<AgentConnection> GuestClient::take_connection() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::make_unique<AgentConnection>(directory_);
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
}

void GuestClient::keep_connection(std::unique_ptr<AgentConnection> connection) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < max_idle_connections) idle_.push_back(std::move(connection));
}

Result<GuestClient::Answer> GuestClient::post(
    const char* path, const std::string& body, std::chrono::milliseconds timeout,
    const std::function<void(std::function<void()>)>& when_caller_leaves) {
    auto connection = take_connection();
    connection->set_read_timeout(timeout);
    connection->set_write_timeout(timeout);
    connection->set_max_timeout(timeout);
    // Received piece by piece: a Content-Length is only a claim, and no memory is set aside for it.
    Answer result;
    // The agent kills a command whose connection closes.
    if (when_caller_leaves) when_caller_leaves([&connection] { connection->stop(); });
    const auto answer = connection->Post(path, httplib::Headers{}, body, "application/json",
                                         [&](const char* piece, std::size_t length) {
                                             if (length > max_body - result.body.size()) return false;
                                             result.body.append(piece, length);
                                             return true;
                                         });
    if (when_caller_leaves) when_caller_leaves({});
    if (!answer) {
        const std::string reason = connection->connect_error().empty() ? httplib::to_string(answer.error())
                                                                       : connection->connect_error();
        return fail(ErrorKind::guest_failed, "guest_connection_broken",
                    "the connection to the guest's agent broke: " + reason);
    }
    result.status = answer->status;
    keep_connection(std::move(connection));
    return result;
}

Result<ExecResult> GuestClient::exec(const ExecRequest& request) {
    const std::int64_t timeout_ms =
        request.timeout_ms != 0 ? request.timeout_ms : guest_contract::default_exec_timeout_ms;
    HUTCH_TRY(const Answer answer,
              post("/exec", exec_body(request), std::chrono::milliseconds(timeout_ms) + exec_grace,
                   request.when_caller_leaves));
    if (answer.status != 200) return tl::unexpected(error_of_status(answer.status, answer.body));
    return parse_exec_result(answer.body);
}

Result<void> GuestClient::shutdown(std::chrono::milliseconds timeout) {
    HUTCH_TRY(const Answer answer, post("/shutdown", "", timeout));
    if (answer.status != 202) return tl::unexpected(error_of_status(answer.status, answer.body));
    return {};
}

}  // namespace hutch::guest
