#pragma once

#include <filesystem>
#include <utility>

#include "common/result.hpp"

namespace hutch::doctor {

/// A fresh folder (mode 0700) for trying things out; removed with all that is in it at the end.
class ScratchFolder {
public:
    /// Makes one in `parent`, named "hutch-doctor.XXXXXX".
    [[nodiscard]] static Result<ScratchFolder> create(const std::filesystem::path& parent);
    ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    ScratchFolder& operator=(ScratchFolder&&) = delete;
    ~ScratchFolder();

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}

    std::filesystem::path path_;
};

}  // namespace hutch::doctor
