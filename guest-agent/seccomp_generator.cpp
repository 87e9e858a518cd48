// Runs when hutch is built: prints the seccomp policy as a C++ initializer list of sock_filter.

#include <cstdio>

#include "guest-agent/seccomp_policy.hpp"

int main() {
    const auto program = hutch::guest_agent::compile_seccomp_policy();
    if (!program) {
        std::fprintf(stderr, "%s\n", program.error().message.c_str());
        return 1;
    }
    for (const sock_filter& instruction : *program)
        std::printf("{0x%x, %u, %u, 0x%x},\n", instruction.code, instruction.jt, instruction.jf,
                    instruction.k);
    return 0;
}
