#pragma once

// One type for expected failure. Exceptions do not cross our interfaces.

#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace hutch {

/// What kind of failure it was; the HTTP API maps each kind to one status (api/errors.cpp).
enum class ErrorKind {
    invalid_argument,   ///< 400: the request is wrong, the message names the field
    unauthenticated,    ///< 401
    forbidden,          ///< 403
    not_found,          ///< 404
    conflict,           ///< 409: the thing is in a state that does not allow it
    payload_too_large,  ///< 413
    too_many_requests,  ///< 429
    internal,           ///< 500: ours
    not_implemented,    ///< 501
    guest_failed,       ///< 502: the guest broke off, lied or fell silent
    no_capacity,        ///< 503
    timed_out,          ///< 504: a deadline of ours passed
    storage_full,       ///< 507
};

/// An expected failure. `code` is a stable machine-readable word (`vm_not_running`), `message` one sentence
/// that says what was tried and why it failed.
struct Error {
    ErrorKind kind = ErrorKind::internal;
    std::string code;
    std::string message;

    /// The same error with what was being attempted put in front: "start vm-…: open …: No such file".
    [[nodiscard]] Error within(std::string_view attempt) const {
        return {kind, code, std::string(attempt) + ": " + message};
    }
};

template <class T>
using Result = tl::expected<T, Error>;

/// `return fail(ErrorKind::conflict, "vm_not_running", "…");`
[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string code, std::string message) {
    return tl::unexpected<Error>({kind, std::move(code), std::move(message)});
}

/// A failed system call: "<what>: <strerror(error_number)>". ENOSPC and EDQUOT become `storage_full`.
[[nodiscard]] tl::unexpected<Error> fail_errno(std::string_view what, int error_number);

}  // namespace hutch

#define HUTCH_CONCATENATE_(a, b) a##b
#define HUTCH_CONCATENATE(a, b) HUTCH_CONCATENATE_(a, b)

/// `HUTCH_TRY(auto file, sys::open(…));` declares `file`, or returns the error from the enclosing function.
#define HUTCH_TRY(declaration, expression) \
    HUTCH_TRY_(HUTCH_CONCATENATE(hutch_try_, __COUNTER__), declaration, expression)
#define HUTCH_TRY_(temporary, declaration, expression)                                 \
    auto temporary = (expression);                                                     \
    if (!temporary) return tl::unexpected<hutch::Error>(std::move(temporary).error()); \
    declaration = std::move(*temporary)

/// The same for a `Result<void>`.
#define HUTCH_CHECK(expression)                                                    \
    do {                                                                           \
        if (auto hutch_checked = (expression); !hutch_checked)                     \
            return tl::unexpected<hutch::Error>(std::move(hutch_checked).error()); \
    } while (false)
