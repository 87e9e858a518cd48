#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "common/result.hpp"
#include "manager/images/blob_store.hpp"
#include "manager/images/guest_manifest.hpp"
#include "manager/store/store.hpp"

namespace hutch::images {

/// The digests of what new guests boot from.
struct BootArtifacts {
    std::string kernel_digest;
    std::string initramfs_digest;
};

/// The image folder and what is in it. Images are rows of the store; their files are blobs, which VMs pin by
/// digest, so that a new install never changes what an existing VM stands on. Owner: main. install() before
/// anything else; the rest from any thread.
class Images {
public:
    /// `folder` is `<data>/images`, made when it is not there. `store` must outlive this.
    [[nodiscard]] static Result<std::unique_ptr<Images>> open(store::Store& store,
                                                              const std::filesystem::path& folder);

    /// Takes in what the guest folder's manifest names: kernel and initramfs for new guests, and the root
    /// filesystem as an image, which becomes the default when its digest is new. Quick when there is nothing
    /// new. A damaged file is invalid_argument "damaged_file", naming it.
    [[nodiscard]] Result<void> install(const std::filesystem::path& guest_folder);

    [[nodiscard]] const BootArtifacts& boot_artifacts() const { return boot_artifacts_; }
    [[nodiscard]] std::filesystem::path blob_path(const std::string& digest) const {
        return blobs_.path(digest);
    }

    [[nodiscard]] Result<store::ImageRecord> image(const store::ImageId& id) { return store_.image(id); }
    [[nodiscard]] Result<std::vector<store::ImageRecord>> list() { return store_.images(); }

private:
    Images(store::Store& store, BlobStore blobs) : store_(store), blobs_(std::move(blobs)) {}
    [[nodiscard]] Result<void> register_rootfs(const GuestManifest& manifest);

    store::Store& store_;
    BlobStore blobs_;
    BootArtifacts boot_artifacts_;
};

}  // namespace hutch::images
