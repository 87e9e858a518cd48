// A hostile stand-in for a jailed program: tries what a compromised VMM would, and writes one line per
// attempt, "<name> <outcome>" with the outcome "allowed", or errno's name. Run outside the jail it is the
// positive control.

#include <cerrno>
#include <cstdio>
#include <string>

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

void tell(const char* name, long result) {
    std::printf("%s %s\n", name, result >= 0 ? "allowed" : ::strerrorname_np(errno));
}

void tell_root_listing() {
    std::string names;
    if (DIR* root = ::opendir("/"); root != nullptr) {
        while (const dirent* entry = ::readdir(root))
            if (entry->d_name[0] != '.') names += std::string(names.empty() ? "" : ",") + entry->d_name;
        ::closedir(root);
    }
    std::printf("root %s\n", names.c_str());
}

}  // namespace

int main(int count, char** arguments) {
    const std::string secret = count > 1 ? arguments[1] : "/etc/passwd";
    tell("open_host_file", ::open(secret.c_str(), O_RDONLY));
    tell("write_own_disk", ::open("/disk", O_RDWR));
    tell("write_read_only_file", ::open("/base", O_RDWR));
    tell("chmod_read_only_file", ::chmod("/base", 0777));
    tell("create_in_root", ::open("/new", O_CREAT | O_WRONLY, 0600));
    tell("create_in_tmpfs", ::open("/tmp/new", O_CREAT | O_WRONLY, 0600));
    tell("inet_socket", ::socket(AF_INET, SOCK_STREAM, 0));
    tell("netlink_socket", ::socket(AF_NETLINK, SOCK_RAW, 0));
    tell("vsock_socket", ::socket(AF_VSOCK, SOCK_STREAM, 0));
    tell("packet_socket", ::socket(AF_PACKET, SOCK_RAW, 0));
    tell("new_user_namespace", ::unshare(CLONE_NEWUSER));
    tell("new_mount_namespace", ::unshare(CLONE_NEWNS));
    tell("mount", ::mount("none", "/", "tmpfs", 0, nullptr));
    tell("chroot", ::chroot("/"));
    tell("bpf", ::syscall(SYS_bpf, 0, nullptr, 0));
    tell("io_uring", ::syscall(SYS_io_uring_setup, 1, nullptr));
    tell("userfaultfd", ::syscall(SYS_userfaultfd, 0));
    tell("keyctl", ::syscall(SYS_keyctl, 0, 0));
    tell("perf_event_open", ::syscall(SYS_perf_event_open, nullptr, 0, 0, 0, 0));
    tell("init_module", ::syscall(SYS_init_module, nullptr, 0, ""));
    tell("setuid_root", ::setuid(0) == 0 && ::getuid() == 0 ? 0 : -1);
    std::printf("pid %d\n", ::getpid());
    std::printf("no_new_privs %d\n", ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    std::printf("host %s\n", [] {
        static char name[65];
        ::gethostname(name, sizeof name);
        return name;
    }());
    tell_root_listing();
    std::fflush(stdout);
    return 0;
}
