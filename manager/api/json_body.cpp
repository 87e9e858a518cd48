#include "manager/api/json_body.hpp"

#include <vector>

#include "manager/api/errors.hpp"

namespace hutch::api {

namespace {

using nlohmann::json;

/// Builds the value event by event and stops at the first thing that is wrong, knowing in which field it is.
class Builder final : public nlohmann::json_sax<json> {
public:
    [[nodiscard]] const std::optional<Error>& error() const { return error_; }
    [[nodiscard]] json take() { return std::move(root_); }

    bool null() override { return add(nullptr); }
    bool boolean(bool value) override { return add(value); }
    bool number_integer(number_integer_t value) override { return add(value); }
    bool number_unsigned(number_unsigned_t value) override { return add(value); }
    bool number_float(number_float_t value, const string_t& /*text*/) override { return add(value); }
    bool string(string_t& value) override { return add(std::move(value)); }
    bool binary(binary_t& /*value*/) override { return stop("body holds binary data"); }

    bool start_object(std::size_t /*elements*/) override { return open(json::object()); }
    bool end_object() override { return close(); }
    bool start_array(std::size_t /*elements*/) override { return open(json::array()); }
    bool end_array() override { return close(); }

    bool key(string_t& name) override {
        key_ = std::move(name);
        if (open_.size() == 1) field_ = key_;
        if (open_.back()->contains(key_)) return stop_at_field("is given twice", key_);
        return true;
    }

    bool parse_error(std::size_t position, const std::string& /*token*/,
                     const nlohmann::detail::exception& error) override {
        // 406: a number that no double can hold
        if (error.id == 406 && !field_.empty())
            return stop_at_field("holds a number that is out of range", field_);
        return stop("body is not valid JSON in UTF-8, at byte " + std::to_string(position));
    }

private:
    template <class Value>
    json* place(Value&& value) {
        if (open_.empty()) {
            root_ = json(std::forward<Value>(value));
            return &root_;
        }
        json& parent = *open_.back();
        if (parent.is_array()) {
            parent.push_back(json(std::forward<Value>(value)));
            return &parent.back();
        }
        json& slot = parent[key_];
        slot = json(std::forward<Value>(value));
        return &slot;
    }
    template <class Value>
    bool add(Value&& value) {
        if (open_.empty()) return stop("body must be a JSON object");
        place(std::forward<Value>(value));
        return true;
    }
    bool open(json&& empty) {
        if (open_.empty() && !empty.is_object()) return stop("body must be a JSON object");
        if (open_.size() >= max_json_depth) return stop("body is nested too deeply");
        open_.push_back(place(std::move(empty)));
        return true;
    }
    bool close() {
        open_.pop_back();
        return true;
    }
    bool stop(std::string message) {
        error_ = Error{ErrorKind::invalid_argument, "invalid_json", std::move(message)};
        return false;
    }
    bool stop_at_field(const std::string& problem, const std::string& field) {
        error_ = invalid_field(field, problem).value();
        return false;
    }

    json root_;
    std::vector<json*>
        open_;  ///< objects and arrays not closed yet; a parent does not grow while its child is open
    std::string key_;
    std::string field_;  ///< the outermost name we are in
    std::optional<Error> error_;
};

}  // namespace

Result<json> parse_json_body(const std::string& body) {
    // The parser takes a NUL for the end of its input.
    if (body.find('\0') != std::string::npos)
        return fail(ErrorKind::invalid_argument, "invalid_json", "body has a NUL byte");
    Builder builder;
    const bool complete = json::sax_parse(body, &builder);
    if (builder.error()) return tl::unexpected<Error>(*builder.error());
    if (!complete) return fail(ErrorKind::invalid_argument, "invalid_json", "body is not valid JSON");
    return builder.take();
}

}  // namespace hutch::api
