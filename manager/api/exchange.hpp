#pragma once

// One HTTP call as the API's code sees it, free of the HTTP library.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/result.hpp"
#include "manager/auth/auth.hpp"
#include "manager/http/message.hpp"

namespace hutch::api {

struct Request {
    std::string method;
    /// The path without its query, split at '/', each piece percent-decoded: "/v1/vms/a%2Fb" is {"v1", "vms",
    /// "a/b"}.
    std::vector<std::string> segments;
    std::multimap<std::string, std::string> query;       ///< decoded
    std::multimap<std::string, std::string> headers;     ///< names in lower case
    std::map<std::string, std::string> path_parameters;  ///< filled by the router: "id"
    std::string body;
    bool body_is_here = true;  ///< false: it would have to be waited for
    std::string remote_address;
    std::optional<auth::Principal> principal;  ///< filled by the admission
    /// Whether the client has closed its side. May be asked during a call.
    std::function<bool()> client_is_gone = [] { return false; };
    /// Sets what to do, from another thread, when the client closes its side; an empty function takes that
    /// back.
    std::function<void(std::function<void()>)> when_client_leaves;

    /// The first header of that name (in lower case), else empty.
    [[nodiscard]] std::string header(const std::string& name) const;
    /// The value of a cookie, else empty.
    [[nodiscard]] std::string cookie(std::string_view name) const;
    [[nodiscard]] std::string path_parameter(const std::string& name) const;
};

using http::Response;

[[nodiscard]] Response json_response(int status, const nlohmann::ordered_json& value);
[[nodiscard]] Response empty_response(int status);

/// Splits a request target such as "/v1/vms/x?limit=3" into segments and query. Nothing is normalised: "."
/// and ".." stay.
void parse_target(std::string_view target, Request& request);

}  // namespace hutch::api
