#include "manager/images/blob_store.hpp"

#include <system_error>

#include "common/sys/file.hpp"
#include "common/sys/random.hpp"
#include "manager/crypto/sha256.hpp"

namespace hutch::images {

namespace {

namespace fs = std::filesystem;

/// Readable by every VM's own uid, and executable: a user-mode kernel is a program. Written by nobody.
constexpr mode_t blob_mode = 0555;

/// The bytes of `source` under the name `destination`, read-only.
Result<void> link_or_copy(const fs::path& source, const fs::path& destination) {
    std::error_code error;
    const fs::path real = fs::canonical(source, error);
    if (error) return fail_errno("find " + source.string(), error.value());
    fs::create_hard_link(real, destination, error);
    if (!error) {
        // The link shares its mode with the source, which may be someone else's: then a copy it is.
        fs::permissions(destination, static_cast<fs::perms>(blob_mode), error);
        if (!error) return {};
        fs::remove(destination, error);
    }
    return sys::copy_sparse(real, destination, blob_mode);
}

}  // namespace

Result<BlobStore> BlobStore::open(const fs::path& folder) {
    BlobStore store(folder);
    HUTCH_CHECK(sys::make_directories(store.blobs_));
    HUTCH_CHECK(sys::remove_tree(store.incoming_));
    HUTCH_CHECK(sys::make_directories(store.incoming_));
    return store;
}

fs::path BlobStore::path(const std::string& digest) const {
    return blobs_ / digest;
}

bool BlobStore::contains(const std::string& digest) const {
    std::error_code ignored;
    return crypto::is_sha256_hex(digest) && fs::is_regular_file(fs::symlink_status(path(digest), ignored));
}

Result<void> BlobStore::put(const fs::path& source, const std::string& digest) {
    if (!crypto::is_sha256_hex(digest)) {
        return fail(ErrorKind::invalid_argument, "invalid_digest",
                    "\"" + digest + "\" is not a SHA-256 digest");
    }
    if (contains(digest)) return {};
    const fs::path incoming = incoming_ / sys::random_hex(16);
    HUTCH_CHECK(link_or_copy(source, incoming));
    const auto discard = [&](tl::unexpected<Error> error) {
        std::error_code ignored;
        fs::remove(incoming, ignored);
        return error;
    };
    // Checked under the name that only we know, so nothing is renamed that was not read.
    const auto actual = crypto::sha256_hex_of_file(incoming);
    if (!actual) return discard(tl::unexpected<Error>(actual.error()));
    if (*actual != digest) {
        return discard(fail(ErrorKind::invalid_argument, "damaged_file",
                            source.string() + " is damaged: its SHA-256 is " + *actual + ", not " + digest));
    }
    if (auto flushed = sys::flush_to_disk(incoming); !flushed)
        return discard(tl::unexpected<Error>(flushed.error()));
    std::error_code error;
    fs::rename(incoming, path(digest), error);
    if (error) return discard(fail_errno("store " + path(digest).string(), error.value()));
    return sys::flush_to_disk(blobs_);
}

}  // namespace hutch::images
