#include "manager/api/exec_request.hpp"

#include <algorithm>

#include "common/guest_contract.hpp"
#include "manager/api/errors.hpp"
#include "manager/api/fields.hpp"
#include "manager/api/json_body.hpp"

namespace hutch::api {

namespace {

constexpr std::size_t max_environment_entries = 4096;
/// PATH_MAX
constexpr TextRule path_rule{4096, TextRule::Characters::no_nul};

bool is_variable_name(const std::string& name) {
    const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
    return !name.empty() && letter(name[0]) &&
           std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

}  // namespace

Result<vm::ExecRequest> parse_exec_request(const std::string& text, std::int64_t max_timeout_ms) {
    HUTCH_TRY(const nlohmann::json body, parse_json_body(text));
    vm::ExecRequest request;
    HUTCH_TRY(request.command, require_text(body, "cmd"));
    if (request.command.empty()) return invalid_field("cmd", "must not be empty");
    HUTCH_TRY(auto directory, optional_text(body, "cwd", path_rule));
    if (directory && directory->empty()) return invalid_field("cwd", "must not be empty");
    request.working_directory = std::move(directory).value_or("");
    HUTCH_TRY(request.environment, optional_text_map(body, "env", max_environment_entries, {}, {}));
    for (const auto& [name, value] : request.environment) {
        if (!is_variable_name(name))
            return invalid_field("env", "has a name that is not of letters, digits and _");
    }
    HUTCH_TRY(auto input, optional_text(body, "stdin", {.characters = TextRule::Characters::any}));
    request.standard_input = std::move(input).value_or("");
    HUTCH_TRY(const auto timeout, optional_integer(body, "timeoutMs", {1, max_timeout_ms}));
    request.timeout_ms = timeout.value_or(std::min(guest_contract::default_exec_timeout_ms, max_timeout_ms));
    HUTCH_CHECK(refuse_unavailable(body, {"background", "user"}));
    return request;
}

}  // namespace hutch::api
