#pragma once

#include "common/result.hpp"
#include "manager/api/exchange.hpp"

namespace hutch::api {

/// The one place where kinds of failure become statuses of HTTP.
[[nodiscard]] int status_of(ErrorKind kind);

/// `{"message": …, "code": …}` with the status of the error's kind.
[[nodiscard]] Response error_response(const Error& error);
[[nodiscard]] Response error_response(ErrorKind kind, const std::string& code, const std::string& message);
/// For statuses that no ErrorKind has (405, 431).
[[nodiscard]] Response error_response(int status, const std::string& code, const std::string& message);

/// `return invalid_field("memMb", "must be a whole number from 128 to 8192");`: 400, code "invalid_field",
/// naming the field.
[[nodiscard]] tl::unexpected<Error> invalid_field(const std::string& field, const std::string& problem);
/// 501, code "not_implemented", naming what was asked for.
[[nodiscard]] tl::unexpected<Error> not_available(const std::string& what);

}  // namespace hutch::api
