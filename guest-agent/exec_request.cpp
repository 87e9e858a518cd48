// The body may be up to 16 MiB of whatever nesting: it is read event by event, and only what an exec needs is
// kept.

#include "guest-agent/exec_request.hpp"

#include <nlohmann/json.hpp>

#include "common/guest_contract.hpp"
#include "guest-agent/workspace_path.hpp"

namespace hutch::guest_agent {

namespace {

using Json = nlohmann::json;

Error bad(std::string message) {
    return {ErrorKind::invalid_argument, "invalid_request", std::move(message)};
}

/// Receives the events of one body. Every method returns false to stop; then `error` says why.
class Reader final : public nlohmann::json_sax<Json> {
public:
    explicit Reader(ExecRequest& request) : request_(request) {}

    Error error = bad("the body is not JSON");
    bool has_cmd = false;

    bool null() override { return other_value(); }
    bool boolean(bool) override { return other_value(); }
    bool number_float(number_float_t, const string_t&) override { return other_value(); }
    bool binary(binary_t&) override { return other_value(); }
    bool number_integer(number_integer_t value) override {
        return at_field("timeoutMs") ? timeout(value) : other_value();
    }
    bool number_unsigned(number_unsigned_t value) override {
        if (!at_field("timeoutMs")) return other_value();
        return timeout(
            value > static_cast<std::uint64_t>(max_timeout.count()) ? -1 : static_cast<std::int64_t>(value));
    }

    bool string(string_t& value) override {
        if (depth_ == 2 && in_env_) return refuse_if_failed(request_.env.set(variable_, value));
        if (at_field("cmd")) return command(value);
        if (at_field("cwd")) return directory(value);
        if (at_field("stdin")) {
            request_.stdin_text = std::move(value);
            return true;
        }
        return other_value();
    }

    bool key(string_t& name) override {
        if (depth_ == 1) field_ = std::move(name);
        if (depth_ == 2 && in_env_) variable_ = std::move(name);
        return true;
    }

    bool start_object(std::size_t) override {
        if (depth_ == 1 && field_ == "env") {
            in_env_ = true;
            request_.env = {};
        } else if (depth_ > 0 && !other_value()) {
            return false;
        }
        ++depth_;
        return true;
    }
    bool end_object() override {
        --depth_;
        if (depth_ == 1) in_env_ = false;
        return true;
    }
    bool start_array(std::size_t) override {
        if (depth_ == 0) return refuse("the body must be a JSON object");
        if (!other_value()) return false;
        ++depth_;
        return true;
    }
    bool end_array() override {
        --depth_;
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
        return false;
    }

private:
    [[nodiscard]] bool at_field(std::string_view name) const { return depth_ == 1 && field_ == name; }

    bool refuse(std::string message) {
        error = bad(std::move(message));
        return false;
    }
    template <class T>
    bool refuse_if_failed(const Result<T>& result) {
        if (!result) error = result.error();
        return result.has_value();
    }

    /// A value that no field takes: ignored in unknown fields, wrong in ours.
    bool other_value() {
        if (depth_ == 0) return refuse("the body must be a JSON object");
        if (depth_ == 2 && in_env_) return refuse("env." + variable_ + " must be a string");
        if (depth_ != 1) return true;
        if (field_ == "cmd" || field_ == "cwd" || field_ == "stdin")
            return refuse(field_ + " must be a string");
        if (field_ == "env") return refuse("env must be an object of strings");
        if (field_ == "timeoutMs") return timeout(-1);
        return true;
    }

    bool timeout(std::int64_t milliseconds) {
        if (milliseconds < 1 || milliseconds > max_timeout.count())
            return refuse("timeoutMs must be a whole number from 1 to " +
                          std::to_string(max_timeout.count()));
        request_.timeout = std::chrono::milliseconds(milliseconds);
        return true;
    }

    bool command(std::string& value) {
        if (value.find('\0') != std::string::npos) return refuse("cmd must not contain a NUL");
        request_.cmd = std::move(value);
        has_cmd = true;
        return true;
    }

    bool directory(const std::string& value) {
        auto path = workspace_path(value, "cwd");
        if (path) request_.cwd = *path;
        return refuse_if_failed(path);
    }

    ExecRequest& request_;
    std::size_t depth_ = 0;
    bool in_env_ = false;  ///< inside the object of the field env
    std::string field_;
    std::string variable_;
};

}  // namespace

Result<ExecRequest> parse_exec_request(std::string_view body) {
    ExecRequest request;
    request.timeout = std::chrono::milliseconds(guest_contract::default_exec_timeout_ms);
    Reader reader(request);
    if (!Json::sax_parse(body, &reader)) return tl::unexpected(reader.error);
    if (!reader.has_cmd) return tl::unexpected(bad("cmd is missing"));
    return request;
}

}  // namespace hutch::guest_agent
