#include <cstdio>

// Says something and ends, as a kernel does that does not run on this host.
int main() {
    std::puts("stand-in: no boot here");
    return 1;
}
