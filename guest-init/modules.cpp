#include "guest-init/modules.hpp"

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/sys/file.hpp"
#include "guest-init/console.hpp"

namespace hutch::guest_init {

namespace {

void load(const std::string& name) {
    const std::string path = "/modules/" + name;
    const sys::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file || ::syscall(SYS_finit_module, file.get(), "", 0) != 0) {
        if (errno != EEXIST) say(fail_errno("load module " + name, errno).value().message);
    }
}

}  // namespace

void load_modules() {
    if (::access("/modules/modules.list", R_OK) != 0) return;
    const auto list = sys::read_file("/modules/modules.list", 65536);
    if (!list) return say(list.error().message);
    std::size_t start = 0;
    for (std::size_t end = list->find('\n'); end != std::string::npos; end = list->find('\n', start)) {
        if (end > start) load(list->substr(start, end - start));
        start = end + 1;
    }
}

}  // namespace hutch::guest_init
