#include "guest-init/entropy.hpp"

#include <cerrno>
#include <cstring>

#include <cpuid.h>
#include <fcntl.h>
#include <immintrin.h>
#include <linux/random.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/sys/unique_fd.hpp"

namespace hutch::guest_init {

namespace {

constexpr std::size_t seed_bytes = 64;

struct Seed {
    int entropy_count = 0;  ///< bits
    int buffer_size = seed_bytes;
    unsigned char bytes[seed_bytes] = {};
};

bool has_rdrand() {
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_RDRND) != 0;
}

__attribute__((target("rdrnd"))) bool mix_rdrand(Seed& seed) {
    for (std::size_t at = 0; at < seed_bytes; at += sizeof(unsigned long long)) {
        unsigned long long value = 0;
        if (_rdrand64_step(&value) == 0) return false;
        unsigned long long mixed = 0;
        std::memcpy(&mixed, seed.bytes + at, sizeof mixed);
        mixed ^= value;
        std::memcpy(seed.bytes + at, &mixed, sizeof mixed);
    }
    return true;
}

bool mix_hardware_generator(Seed& seed) {
    const sys::UniqueFd device(::open("/dev/hwrng", O_RDONLY | O_CLOEXEC));
    return device && ::read(device.get(), seed.bytes, seed_bytes) == static_cast<ssize_t>(seed_bytes);
}

}  // namespace

Result<void> seed_random_pool() {
    unsigned char probe = 0;
    if (::getrandom(&probe, sizeof probe, GRND_NONBLOCK) == 1) return {};

    Seed seed;
    bool mixed = mix_hardware_generator(seed);
    if (has_rdrand() && mix_rdrand(seed)) mixed = true;
    if (!mixed)
        return fail(ErrorKind::internal, "no_entropy",
                    "seed the random pool: neither /dev/hwrng nor RDRAND gave anything");
    seed.entropy_count =
        seed_bytes * 8 / 2;  // half of what came: nothing here proves the generators' quality
    const sys::UniqueFd pool(::open("/dev/random", O_WRONLY | O_CLOEXEC));
    if (!pool || ::ioctl(pool.get(), RNDADDENTROPY, &seed) != 0)
        return fail_errno("seed the random pool", errno);
    return {};
}

}  // namespace hutch::guest_init
