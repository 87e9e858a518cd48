#include "common/result.hpp"

#include <cerrno>
#include <system_error>

namespace hutch {

tl::unexpected<Error> fail_errno(std::string_view what, int error_number) {
    const bool full = error_number == ENOSPC || error_number == EDQUOT;
    return fail(full ? ErrorKind::storage_full : ErrorKind::internal, full ? "storage_full" : "system_error",
                std::string(what) + ": " + std::generic_category().message(error_number));
}

}  // namespace hutch
