#include "manager/jail/isolation.hpp"

#include <cerrno>

#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace hutch::jail {

namespace {

Result<void> set_limit(__rlimit_resource resource, std::uint64_t value, const char* name) {
    const rlimit limit{value, value};
    if (::setrlimit(resource, &limit) != 0) return fail_errno(std::string("set limit ") + name, errno);
    return {};
}

Result<void> set_ids(uid_t id) {
    if (::setresgid(id, id, id) != 0) return fail_errno("setresgid", errno);
    if (::setresuid(id, id, id) != 0) return fail_errno("setresuid", errno);
    return {};
}

}  // namespace

Result<void> become_namespace_root() {
    return set_ids(0);
}

Result<void> apply_limits(const Specification& specification) {
    HUTCH_CHECK(set_limit(RLIMIT_CORE, 0, "core"));
    HUTCH_CHECK(set_limit(RLIMIT_NOFILE, specification.max_open_files, "nofile"));
    HUTCH_CHECK(set_limit(RLIMIT_FSIZE, specification.max_file_bytes, "fsize"));
    HUTCH_CHECK(set_limit(RLIMIT_MEMLOCK, 0, "memlock"));
    if (specification.cpu) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(static_cast<std::size_t>(*specification.cpu), &set);
        if (::sched_setaffinity(0, sizeof set, &set) != 0) return fail_errno("pin to a CPU", errno);
    }
    if (specification.layout == AddressSpaceLayout::fixed && ::personality(ADDR_NO_RANDOMIZE) < 0)
        return fail_errno("fix address space layout", errno);
    if (::sethostname("jail", 4) != 0) return fail_errno("sethostname", errno);
    return {};
}

Result<void> drop_privileges(const Specification& specification) {
    // the bounding set first: leaving uid 0 takes the capability to change it
    for (unsigned long capability = 0; ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; ++capability)
        continue;
    if (errno != EINVAL)
        return fail_errno("drop capability from the bounding set", errno);  // EINVAL: past the last one
    if (specification.host_uid) {
        if (::setgroups(0, nullptr) != 0) return fail_errno("drop supplementary groups", errno);
        HUTCH_CHECK(set_ids(jailed_uid));
    }
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
        return fail_errno("clear ambient capabilities", errno);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct none[2]{};
    if (::syscall(SYS_capset, &header, none) != 0) return fail_errno("drop capabilities", errno);
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("set no_new_privs", errno);
    return {};
}

}  // namespace hutch::jail
