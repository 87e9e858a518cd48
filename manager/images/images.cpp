#include "manager/images/images.hpp"

#include <spdlog/spdlog.h>

namespace hutch::images {

Result<std::unique_ptr<Images>> Images::open(store::Store& store, const std::filesystem::path& folder) {
    HUTCH_TRY(BlobStore blobs, BlobStore::open(folder));
    return std::unique_ptr<Images>(new Images(store, std::move(blobs)));
}

Result<void> Images::register_rootfs(const GuestManifest& manifest) {
    const std::string& digest = manifest.rootfs.sha256;
    auto known = store_.image_by_digest(digest);
    if (!known && known.error().kind != ErrorKind::not_found) return tl::unexpected<Error>(known.error());
    if (known && known->rootfs_complete && blobs_.contains(digest)) return {};

    // Row, file, mark: a crash in between leaves an incomplete image, which the next start completes.
    store::ImageRecord record;
    if (known) {
        record = *known;
    } else {
        record.id = store::ImageId::generate();
        record.name = manifest.image_name;
        record.description = manifest.image_description;
        record.is_default = true;
        record.rootfs_digest = digest;
        record.rootfs_filename = manifest.rootfs.path.filename().string();
        record.rootfs_format = manifest.rootfs_format;
        record.rootfs_bytes = manifest.rootfs.bytes;
        record.rootfs_uploaded_at = store::iso8601_now();
        HUTCH_TRY(record, store_.insert_image(record));
    }
    spdlog::info("image {}: storing and checking {} ({} MB)", record.id.text(), manifest.rootfs.path.string(),
                 manifest.rootfs.bytes / 1'000'000);
    HUTCH_CHECK(blobs_.put(manifest.rootfs.path, digest));
    HUTCH_CHECK(store_.mark_image_complete(record.id));
    return store_.record_activity("image.installed", "image", record.id.text(),
                                  "image " + record.name + " installed");
}

Result<void> Images::install(const std::filesystem::path& guest_folder) {
    HUTCH_TRY(const GuestManifest manifest, read_guest_manifest(guest_folder));
    HUTCH_CHECK(blobs_.put(manifest.kernel.path, manifest.kernel.sha256));
    HUTCH_CHECK(blobs_.put(manifest.initramfs.path, manifest.initramfs.sha256));
    HUTCH_CHECK(register_rootfs(manifest));
    boot_artifacts_ = {manifest.kernel.sha256, manifest.initramfs.sha256};
    return {};
}

}  // namespace hutch::images
