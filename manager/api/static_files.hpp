#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "common/result.hpp"
#include "manager/api/exchange.hpp"

namespace hutch::api {

/// The web UI's files, read into memory once: no path of a request ever meets the filesystem. Any thread.
class StaticFiles {
public:
    /// No files at all: there is no UI.
    StaticFiles() = default;
    /// All regular files below `folder`; symbolic links and names that start with a dot are left out. Errors:
    /// unreadable, or more than 64 MiB.
    [[nodiscard]] static Result<StaticFiles> load(const std::filesystem::path& folder);

    /// The answer to GET or HEAD of a file; "/" is index.html. Empty when there is none.
    [[nodiscard]] std::optional<Response> find(const Request& request) const;
    [[nodiscard]] bool empty() const { return files_.empty(); }

private:
    struct File {
        std::string content_type;
        std::string bytes;
    };
    std::map<std::string, File> files_;  ///< by path below the folder: "assets/index.js"
};

/// The Content-Security-Policy of every page: nothing from outside, no inline scripts, no frames.
extern const char* const content_security_policy;

}  // namespace hutch::api
