#include "manager/api/static_files.hpp"

#include "common/sys/file.hpp"

namespace hutch::api {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_total_bytes = 64 * 1024 * 1024;

std::string content_type_of(const fs::path& path) {
    static const std::map<std::string, std::string> types = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".txt", "text/plain; charset=utf-8"},
        {".webmanifest", "application/manifest+json"},
        {".map", "application/json"},
    };
    const auto found = types.find(path.extension().string());
    return found == types.end() ? "application/octet-stream" : found->second;
}

bool is_hidden(const fs::path& path) {
    return path.filename().string().starts_with('.');
}

}  // namespace

const char* const content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

Result<StaticFiles> StaticFiles::load(const fs::path& folder) {
    StaticFiles result;
    std::size_t total = 0;
    std::error_code error;
    auto entry = fs::recursive_directory_iterator(folder, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
        if (is_hidden(entry->path())) {
            entry.disable_recursion_pending();
            continue;
        }
        if (entry->is_symlink() || !entry->is_regular_file()) continue;
        auto bytes = sys::read_file(entry->path(), max_total_bytes - total);
        if (!bytes) return tl::unexpected<Error>(bytes.error().within("web UI"));
        total += bytes->size();
        result.files_[entry->path().lexically_relative(folder).generic_string()] = {
            content_type_of(entry->path()), std::move(*bytes)};
    }
    if (error) return fail_errno("web UI: read " + folder.string(), error.value());
    return result;
}

std::optional<Response> StaticFiles::find(const Request& request) const {
    if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
    std::string path;
    for (const std::string& segment : request.segments) path += "/" + segment;
    path.erase(0, 1);
    if (path.empty()) path = "index.html";
    const auto found = files_.find(path);
    if (found == files_.end()) return std::nullopt;
    Response response{200, {}, found->second.content_type, found->second.bytes};
    response.headers.emplace_back("Content-Security-Policy", content_security_policy);
    // Vite puts a hash of the content into the names below assets/.
    response.headers.emplace_back(
        "Cache-Control", path.starts_with("assets/") ? "public, max-age=31536000, immutable" : "no-cache");
    return response;
}

}  // namespace hutch::api
