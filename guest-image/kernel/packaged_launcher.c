/*
 * Makes Debian's packaged user-mode kernel one self-contained program.
 *
 * The packaged kernel is linked dynamically, but the jail it runs in holds one file of it, not a C library. This static
 * program carries the kernel, its program interpreter and its C library, puts them into $TMPDIR (where a user-mode
 * kernel needs a writable, executable folder anyway) and becomes the kernel, which finds them there: build.sh has set
 * the interpreter's path in the kernel to "./ld.so".
 *
 * Fails with a line on stderr and exit code 127.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CARRY(name, path)                                                                                              \
    __asm__(".section .rodata\n.balign 16\n" #name "_start:\n.incbin \"" path "\"\n" #name "_end:\n.byte 0\n.previous"); \
    extern const char name##_start[], name##_end[]

CARRY(kernel, "kernel");
CARRY(interpreter, "ld.so");
CARRY(c_library, "libc.so.6");

static void fail(const char *what) {
    fprintf(stderr, "packaged kernel: cannot %s: %s\n", what, strerror(errno));
    exit(127);
}

static void put(const char *name, const char *start, const char *end) {
    int file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0500);
    if (file < 0) fail("create a file in TMPDIR");
    while (start < end) {
        ssize_t count = write(file, start, (size_t)(end - start));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) fail("write a file in TMPDIR");
        start += count;
    }
    close(file);
}

int main(int argc, char **argv) {
    const char *folder = getenv("TMPDIR");
    (void)argc;
    if (folder == NULL || chdir(folder) != 0) fail("use the folder that TMPDIR names");
    put("kernel", kernel_start, kernel_end);
    put("ld.so", interpreter_start, interpreter_end);
    put("libc.so.6", c_library_start, c_library_end);
    if (setenv("LD_LIBRARY_PATH", folder, 1) != 0) fail("set LD_LIBRARY_PATH");
    execv("./kernel", argv);
    fail("execute the kernel");
}
