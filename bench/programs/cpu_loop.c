// CPU-bound work of a fixed amount: an integer hash over a small buffer, in registers and first-level cache.
// usage: cpu_loop ROUNDS; prints the result, so that it cannot be left out.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
    if (argc != 2) {
        fputs("usage: cpu_loop ROUNDS\n", stderr);
        return 2;
    }
    const unsigned long rounds = strtoul(argv[1], NULL, 10);
    static uint64_t words[512];
    for (int i = 0; i < 512; ++i) words[i] = (uint64_t)i * 0x9e3779b97f4a7c15u;
    uint64_t hash = 0xcbf29ce484222325u;
    for (unsigned long round = 0; round < rounds; ++round) {
        for (int i = 0; i < 512; ++i) {
            hash = (hash ^ words[i]) * 0x100000001b3u;
            hash ^= hash >> 29;
            words[i] += hash;
        }
    }
    printf("%016llx\n", (unsigned long long)hash);
    return 0;
}
