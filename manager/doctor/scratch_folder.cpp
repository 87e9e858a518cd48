#include "manager/doctor/scratch_folder.hpp"

#include <cerrno>
#include <string>

#include <stdlib.h>

#include "common/sys/file.hpp"

namespace hutch::doctor {

Result<ScratchFolder> ScratchFolder::create(const std::filesystem::path& parent) {
    std::string pattern = (parent / "hutch-doctor.XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) return fail_errno("write in " + parent.string(), errno);
    return ScratchFolder(pattern);
}

ScratchFolder::~ScratchFolder() {
    if (!path_.empty()) (void)sys::remove_tree(path_);
}

}  // namespace hutch::doctor
