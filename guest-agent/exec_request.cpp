#include "guest-agent/exec_request.hpp"

#include <nlohmann/json.hpp>

#include "common/guest_contract.hpp"
#include "guest-agent/workspace_path.hpp"

namespace hutch::guest_agent {

namespace {

using Json = nlohmann::json;

tl::unexpected<Error> bad(std::string message) {
    return fail(ErrorKind::invalid_argument, "invalid_request", std::move(message));
}

Json* member(Json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() ? nullptr : &*found;
}

Result<Environment> parse_environment(const Json& object) {
    if (!object.is_object()) return bad("env must be an object of strings");
    Environment environment;
    for (const auto& [name, value] : object.items()) {
        if (!value.is_string()) return bad("env." + name + " must be a string");
        HUTCH_CHECK(environment.set(name, value.get_ref<const std::string&>()));
    }
    return environment;
}

Result<std::chrono::milliseconds> parse_timeout(const Json& number) {
    const std::string range = "timeoutMs must be a whole number from 1 to " + std::to_string(max_timeout.count());
    if (!number.is_number_integer()) return bad(range);
    if (number.is_number_unsigned() && number.get<std::uint64_t>() > static_cast<std::uint64_t>(max_timeout.count())) return bad(range);
    const auto milliseconds = number.get<std::int64_t>();
    if (milliseconds < 1 || milliseconds > max_timeout.count()) return bad(range);
    return std::chrono::milliseconds(milliseconds);
}

}  // namespace

Result<ExecRequest> parse_exec_request(std::string_view body) {
    Json json = Json::parse(body, nullptr, false);
    if (json.is_discarded()) return bad("the body is not JSON");
    if (!json.is_object()) return bad("the body must be a JSON object");

    ExecRequest request;
    request.timeout = std::chrono::milliseconds(guest_contract::default_exec_timeout_ms);
    Json* cmd = member(json, "cmd");
    if (cmd == nullptr) return bad("cmd is missing");
    if (!cmd->is_string()) return bad("cmd must be a string");
    request.cmd = std::move(cmd->get_ref<std::string&>());
    if (request.cmd.find('\0') != std::string::npos) return bad("cmd must not contain a NUL");
    if (const Json* cwd = member(json, "cwd")) {
        if (!cwd->is_string()) return bad("cwd must be a string");
        HUTCH_TRY(request.cwd, workspace_path(cwd->get_ref<const std::string&>(), "cwd"));
    }
    if (const Json* env = member(json, "env")) {
        HUTCH_TRY(request.env, parse_environment(*env));
    }
    if (const Json* timeout = member(json, "timeoutMs")) {
        HUTCH_TRY(request.timeout, parse_timeout(*timeout));
    }
    if (Json* input = member(json, "stdin")) {
        if (!input->is_string()) return bad("stdin must be a string");
        request.stdin_text = std::move(input->get_ref<std::string&>());
    }
    return request;
}

}  // namespace hutch::guest_agent
