#include "manager/auth/bootstrap_key.hpp"

#include <algorithm>
#include <system_error>

#include "common/sys/file.hpp"
#include "common/sys/random.hpp"

namespace hutch::auth {

namespace {

constexpr std::size_t max_key_bytes = 512;
constexpr std::size_t random_bytes = 32;

}  // namespace

Result<BootstrapKey> bootstrap_key(const std::string& configured, const std::filesystem::path& file) {
    using Origin = BootstrapKey::Origin;
    if (!configured.empty()) return BootstrapKey{configured, Origin::configured};

    std::error_code error;
    if (!std::filesystem::exists(file, error)) {
        BootstrapKey generated{"hutch_" + sys::random_hex(random_bytes), Origin::generated};
        HUTCH_CHECK(sys::write_file_durably(file, generated.key + "\n", 0600));
        return generated;
    }
    using std::filesystem::perms;
    std::filesystem::permissions(file, perms::owner_read | perms::owner_write, error);
    if (error) return fail_errno("make " + file.string() + " private", error.value());
    HUTCH_TRY(std::string key, sys::read_file(file, max_key_bytes + 1));
    while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
    const bool printable = std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (key.empty() || !printable) {
        return fail(
            ErrorKind::internal, "invalid_key_file",
            file.string() + " holds no API key: remove it to have a new one made, or set HUTCH_API_KEY");
    }
    return BootstrapKey{key, Origin::kept};
}

}  // namespace hutch::auth
