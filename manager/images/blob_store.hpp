#pragma once

#include <filesystem>
#include <string>

#include "common/result.hpp"

namespace hutch::images {

/// Read-only files named by the SHA-256 of their content: `<folder>/sha256/<hex>`, mode 0444. A file with its
/// final name is whole and was checked when it came in. Any thread; only one process (the Store's lock sees
/// to that).
class BlobStore {
public:
    /// Makes the folders, and clears away what an interrupted put() left.
    [[nodiscard]] static Result<BlobStore> open(const std::filesystem::path& folder);

    /// Where the blob is, or would be. `digest` must be a SHA-256 in lower-case hexadecimal.
    [[nodiscard]] std::filesystem::path path(const std::string& digest) const;
    [[nodiscard]] bool contains(const std::string& digest) const;

    /// Takes in a file: by hard link where the filesystem allows, else by a sparse copy; it is readable only
    /// from then on. Its content must have the digest, else nothing is stored: invalid_argument
    /// "damaged_file". Success when it is there already.
    [[nodiscard]] Result<void> put(const std::filesystem::path& source, const std::string& digest);

private:
    explicit BlobStore(const std::filesystem::path& folder)
        : blobs_(folder / "sha256"), incoming_(folder / "incoming") {}

    std::filesystem::path blobs_;
    std::filesystem::path incoming_;
};

}  // namespace hutch::images
