#include "manager/images/guest_manifest.hpp"

#include <nlohmann/json.hpp>

#include "common/sys/file.hpp"
#include "manager/crypto/sha256.hpp"

namespace hutch::images {

namespace {

using nlohmann::json;

constexpr std::size_t max_manifest_bytes = 4 * 1024 * 1024;

class Reader {
public:
    Reader(const std::filesystem::path& folder, const json& manifest)
        : folder_(folder), manifest_(manifest) {}

    [[nodiscard]] tl::unexpected<Error> invalid(const std::string& what) const {
        return fail(ErrorKind::invalid_argument, "invalid_manifest",
                    (folder_ / "manifest.json").string() + ": " + what);
    }

    [[nodiscard]] Result<std::string> text(const std::string& part, const std::string& field) const {
        const auto found = manifest_.find(part);
        if (found == manifest_.end() || !found->is_object()) return invalid("no object \"" + part + "\"");
        const auto value = found->find(field);
        if (value == found->end() || !value->is_string() || value->get_ref<const std::string&>().empty()) {
            return invalid("no text \"" + part + "." + field + "\"");
        }
        return value->get<std::string>();
    }

    [[nodiscard]] Result<Artifact> artifact(const std::string& part) const {
        HUTCH_TRY(const std::string file, text(part, "file"));
        if (file.find('/') != std::string::npos || file == "." || file == "..") {
            return invalid("\"" + part + ".file\" must be a name in this folder");
        }
        HUTCH_TRY(const std::string digest, text(part, "sha256"));
        if (!crypto::is_sha256_hex(digest))
            return invalid("\"" + part + ".sha256\" must be 64 lower-case hexadecimal digits");
        const auto bytes = manifest_.at(part).find("sizeBytes");
        if (bytes == manifest_.at(part).end() || !bytes->is_number_unsigned()) {
            return invalid("no whole number \"" + part + ".sizeBytes\"");
        }
        return Artifact{folder_ / file, digest, bytes->get<std::int64_t>()};
    }

private:
    const std::filesystem::path& folder_;
    const json& manifest_;
};

}  // namespace

Result<GuestManifest> read_guest_manifest(const std::filesystem::path& folder) {
    HUTCH_TRY(const std::string bytes, sys::read_file(folder / "manifest.json", max_manifest_bytes));
    const json manifest = json::parse(bytes, nullptr, /*allow_exceptions=*/false);
    const Reader reader(folder, manifest);
    if (!manifest.is_object()) return reader.invalid("not a JSON object");
    GuestManifest result;
    HUTCH_TRY(result.kernel, reader.artifact("kernel"));
    HUTCH_TRY(result.initramfs, reader.artifact("initramfs"));
    HUTCH_TRY(result.rootfs, reader.artifact("rootfs"));
    HUTCH_TRY(result.image_name, reader.text("rootfs", "name"));
    HUTCH_TRY(result.image_description, reader.text("rootfs", "description"));
    HUTCH_TRY(result.rootfs_format, reader.text("rootfs", "format"));
    if (result.rootfs_format != "ext4" && result.rootfs_format != "squashfs" &&
        result.rootfs_format != "erofs") {
        return reader.invalid("\"rootfs.format\" must be ext4, squashfs or erofs");
    }
    return result;
}

}  // namespace hutch::images
