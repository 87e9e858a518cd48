#pragma once

// System calls without libc: no errno, no cancellation, no thread-local storage. For the code that runs
// between a clone(CLONE_VM) and the exec, where the process shares its memory with the one that made it.

#include <cerrno>

namespace hutch::sys {

/// The kernel's own result: -4095…-1 is a negated errno. x86-64 only.
inline long raw_syscall(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                        long f = 0) noexcept {
    register long r10 asm("r10") = d;
    register long r8 asm("r8") = e;
    register long r9 asm("r9") = f;
    long result = 0;
    asm volatile("syscall"
                 : "=a"(result)
                 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                 : "rcx", "r11", "memory");
    return result;
}

/// Pointers are passed as numbers.
inline long raw_pointer(const void* pointer) noexcept {
    return reinterpret_cast<long>(pointer);
}

inline bool raw_failed(long result) noexcept {
    return result < 0 && result > -4096;
}

}  // namespace hutch::sys
