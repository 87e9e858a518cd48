#include "manager/guest/messages.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "common/guest_contract.hpp"

namespace hutch::guest {

namespace {

using nlohmann::json;

constexpr int max_depth = 8;
constexpr std::size_t max_shown = 300;

tl::unexpected<Error> malformed(const std::string& what) {
    return fail(ErrorKind::guest_failed, "guest_malformed_answer", "the guest's agent answered with " + what);
}

/// Parses an object; anything nested deeper than the contract needs is refused before it costs memory.
Result<json> parse_object(std::string_view text) {
    int depth = 0;
    bool in_string = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char character = text[at];
        if (in_string) {
            if (character == '\\') ++at;
            if (character == '"') in_string = false;
            continue;
        }
        if (character == '"') in_string = true;
        if (character == '{' || character == '[') ++depth;
        if (character == '}' || character == ']') --depth;
        if (depth > max_depth) return malformed("JSON nested too deeply");
    }
    json value = json::parse(text, nullptr, false);
    if (!value.is_object()) return malformed("something that is not a JSON object");
    return value;
}

/// The member `name`, which must be there and of the type that `matches` wants.
Result<const json*> member(const json& object, const char* name, bool (json::*matches)() const noexcept) {
    const auto found = object.find(name);
    if (found == object.end() || !((*found).*matches)())
        return malformed(std::string("a missing or ill-typed \"") + name + "\"");
    return &*found;
}

Result<std::string> string_member(const json& object, const char* name, std::size_t max_bytes) {
    HUTCH_TRY(const json* value, member(object, name, &json::is_string));
    const auto& text = value->get_ref<const std::string&>();
    if (text.size() > max_bytes) return malformed(std::string("an overlong \"") + name + "\"");
    return text;
}

Result<bool> bool_member(const json& object, const char* name) {
    HUTCH_TRY(const json* value, member(object, name, &json::is_boolean));
    return value->get<bool>();
}

Result<std::int64_t> integer_member(const json& object, const char* name, std::int64_t least,
                                    std::int64_t most) {
    HUTCH_TRY(const json* value, member(object, name, &json::is_number_integer));
    const bool too_large =
        value->is_number_unsigned() && value->get<std::uint64_t>() > static_cast<std::uint64_t>(most);
    if (too_large || value->get<std::int64_t>() < least || value->get<std::int64_t>() > most)
        return malformed(std::string("an out-of-range \"") + name + "\"");
    return value->get<std::int64_t>();
}

Result<double> milliseconds_member(const json& object, const char* name) {
    HUTCH_TRY(const json* value, member(object, name, &json::is_number));
    const double number = value->get<double>();
    if (!std::isfinite(number) || number < 0 || number > 1e9)
        return malformed(std::string("an out-of-range \"") + name + "\"");
    return number;
}

/// "SIGKILL", null: nothing else goes into an answer of ours.
Result<std::optional<std::string>> signal_member(const json& object) {
    const auto found = object.find("signal");
    if (found == object.end()) return malformed("a missing \"signal\"");
    if (found->is_null()) return std::optional<std::string>{};
    HUTCH_TRY(std::string name, string_member(object, "signal", 16));
    const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char character) {
        return (character >= 'A' && character <= 'Z') || (character >= '0' && character <= '9') ||
               character == '+';
    });
    if (!plain || !name.starts_with("SIG")) return malformed("an ill-formed \"signal\"");
    return std::optional(std::move(name));
}

}  // namespace

std::string exec_body(const ExecRequest& request) {
    json body = {{"cmd", request.command}, {"env", request.environment}};
    if (!request.working_directory.empty()) body["cwd"] = request.working_directory;
    if (!request.standard_input.empty()) body["stdin"] = request.standard_input;
    if (request.timeout_ms != 0) body["timeoutMs"] = request.timeout_ms;
    return body.dump();
}

Result<ExecResult> parse_exec_result(std::string_view body) {
    // a replacement character is three bytes long where the byte it stands for was one
    constexpr std::size_t max_stream = 3 * guest_contract::default_max_output + 4096;
    HUTCH_TRY(const json object, parse_object(body));
    ExecResult result;
    HUTCH_TRY(const std::int64_t exit_code, integer_member(object, "exitCode", -1, 255));
    result.exit_code = static_cast<int>(exit_code);
    HUTCH_TRY(result.standard_output, string_member(object, "stdout", max_stream));
    HUTCH_TRY(result.standard_error, string_member(object, "stderr", max_stream));
    HUTCH_TRY(result.timed_out, bool_member(object, "timedOut"));
    HUTCH_TRY(result.signal, signal_member(object));
    HUTCH_TRY(result.out_of_memory_killed, bool_member(object, "oomKilled"));
    HUTCH_TRY(result.pids_limited, bool_member(object, "pidsLimited"));
    HUTCH_TRY(result.standard_output_truncated, bool_member(object, "stdoutTruncated"));
    HUTCH_TRY(result.standard_error_truncated, bool_member(object, "stderrTruncated"));
    HUTCH_TRY(result.duration_ms,
              integer_member(object, "durationMs", 0, std::numeric_limits<std::int64_t>::max()));
    return result;
}

std::string parse_error_message(std::string_view body) {
    const auto object = parse_object(body);
    if (!object) return "no reason given";
    auto message = string_member(*object, "message", 1 << 16);
    if (!message) return "no reason given";
    if (message->size() > max_shown) message->resize(max_shown);
    for (char& character : *message)
        if (static_cast<unsigned char>(character) < 0x20 || static_cast<unsigned char>(character) > 0x7e)
            character = '?';
    return *message;
}

Result<Ready> parse_ready(std::string_view line) {
    HUTCH_TRY(const json object, parse_object(line));
    HUTCH_TRY(const std::string type, string_member(object, "type", 16));
    HUTCH_TRY(const std::int64_t version, integer_member(object, "version", 0, 1 << 20));
    if (type != "ready") return malformed("a first line that is not \"ready\"");
    if (version != guest_contract::version)
        return malformed("contract version " + std::to_string(version) + " where this manager speaks " +
                         std::to_string(guest_contract::version));
    Ready ready;
    HUTCH_TRY(ready.boot_id, string_member(object, "bootId", 36));
    const bool uuid = ready.boot_id.size() == 36 &&
                      std::all_of(ready.boot_id.begin(), ready.boot_id.end(), [](unsigned char character) {
                          return character == '-' || std::isxdigit(character) != 0;
                      });
    if (!uuid) return malformed("a boot id that is not a UUID");
    HUTCH_TRY(const json* timeline, member(object, "timeline", &json::is_object));
    HUTCH_TRY(ready.init_ms, milliseconds_member(*timeline, "init"));
    HUTCH_TRY(ready.root_ms, milliseconds_member(*timeline, "root"));
    HUTCH_TRY(ready.agent_ms, milliseconds_member(*timeline, "agent"));
    return ready;
}

}  // namespace hutch::guest
