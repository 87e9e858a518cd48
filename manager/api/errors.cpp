#include "manager/api/errors.hpp"

namespace hutch::api {

int status_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::invalid_argument:
            return 400;
        case ErrorKind::unauthenticated:
            return 401;
        case ErrorKind::forbidden:
            return 403;
        case ErrorKind::not_found:
            return 404;
        case ErrorKind::conflict:
            return 409;
        case ErrorKind::payload_too_large:
            return 413;
        case ErrorKind::too_many_requests:
            return 429;
        case ErrorKind::internal:
            return 500;
        case ErrorKind::not_implemented:
            return 501;
        case ErrorKind::guest_failed:
            return 502;
        case ErrorKind::no_capacity:
            return 503;
        case ErrorKind::timed_out:
            return 504;
        case ErrorKind::storage_full:
            return 507;
    }
    return 500;
}

Response error_response(int status, const std::string& code, const std::string& message) {
    return json_response(status, {{"message", message}, {"code", code}});
}

Response error_response(ErrorKind kind, const std::string& code, const std::string& message) {
    return error_response(status_of(kind), code, message);
}

Response error_response(const Error& error) {
    return error_response(error.kind, error.code, error.message);
}

tl::unexpected<Error> invalid_field(const std::string& field, const std::string& problem) {
    return fail(ErrorKind::invalid_argument, "invalid_field", field + " " + problem);
}

tl::unexpected<Error> not_available(const std::string& what) {
    return fail(ErrorKind::not_implemented, "not_implemented", what + " is not available in this version");
}

}  // namespace hutch::api
