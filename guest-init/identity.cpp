#include "guest-init/identity.hpp"

#include <cerrno>
#include <cstdint>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/guest_layout.hpp"
#include "common/sys/file.hpp"
#include "common/sys/mount.hpp"

namespace hutch::guest_init {

namespace {

/// Reads a file of the image; symbolic links in it stay inside the image. Empty when there is none.
std::string read_from_image(const char* path) {
    const sys::UniqueFd root(::open(guest_layout::merged, O_PATH | O_DIRECTORY | O_CLOEXEC));
    open_how how{};
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
    how.resolve = RESOLVE_IN_ROOT;
    const sys::UniqueFd file(static_cast<int>(::syscall(SYS_openat2, root.get(), path, &how, sizeof how)));
    char text[16384];
    const ssize_t count = file ? ::read(file.get(), text, sizeof text) : 0;
    return count > 0 ? std::string(text, static_cast<std::size_t>(count)) : std::string();
}

Result<void> write_identity(const char* name, std::string_view text) {
    const std::string path = std::string(guest_layout::identity) + "/" + name;
    const sys::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file) return fail_errno("write " + path, errno);
    return sys::write_all(file, text);
}

/// Spreads every input bit over the whole word (the finalizer of SplitMix64).
std::uint64_t mix(std::uint64_t word) {
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9U;
    word = (word ^ (word >> 27)) * 0x94d049bb133111ebU;
    return word ^ (word >> 31);
}

}  // namespace

std::string machine_id(std::string_view hostname, std::string_view address) {
    std::uint64_t words[2] = {0x6875746368000001U, 0x6875746368000002U};
    for (const std::string_view part : {hostname, std::string_view("\0", 1), address}) {
        for (const char c : part) {
            words[0] = mix(words[0] + static_cast<unsigned char>(c) + 1);
            words[1] = mix(words[1] * 31 + static_cast<unsigned char>(c) + 1);
        }
    }
    // a version 4 UUID in form, as machine-id(5) asks
    words[0] = (words[0] & ~std::uint64_t{0xf000}) | 0x4000;
    words[1] = (words[1] & ~(std::uint64_t{3} << 62)) | (std::uint64_t{2} << 62);
    std::string digits;
    for (const std::uint64_t word : words)
        for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[(word >> shift) & 15];
    return digits;
}

std::string hosts_file(std::string_view of_image, std::string_view hostname) {
    std::string text(of_image.empty() ? "127.0.0.1 localhost\n::1 localhost\n" : of_image);
    if (text.back() != '\n') text += '\n';
    return text + "127.0.1.1 " + std::string(hostname) + "\n";
}

Result<void> set_identity(const KernelArguments& arguments) {
    if (::sethostname(arguments.hostname.data(), arguments.hostname.size()) != 0)
        return fail_errno("set hostname", errno);
    HUTCH_CHECK(sys::make_directory(guest_layout::identity, 0755));
    HUTCH_CHECK(write_identity("hostname", arguments.hostname + "\n"));
    HUTCH_CHECK(write_identity("hosts", hosts_file(read_from_image("etc/hosts"), arguments.hostname)));
    HUTCH_CHECK(write_identity("machine-id", machine_id(arguments.hostname, arguments.address) + "\n"));
    return write_identity("resolv.conf", "nameserver 127.0.0.1\n");
}

}  // namespace hutch::guest_init
