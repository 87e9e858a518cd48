#include <cstddef>
#include <cstdint>
#include <string_view>

#include "manager/guest/messages.hpp"

// Whatever a guest's agent sends must be refused or understood, never crash.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)hutch::guest::parse_exec_result(text);
    (void)hutch::guest::parse_ready(text);
    (void)hutch::guest::parse_error_message(text);
    return 0;
}
