#pragma once

// What hutch-jail is asked to do: the wire between the manager (launcher.hpp) and the hutch-jail program, as
// JSON.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace hutch::jail {

/// Descriptors of the hutch-jail process. Those below `specification_fd` belong to the jailed program, under
/// the same numbers.
inline constexpr int specification_fd = 10;  ///< sealed memory file with the JSON
inline constexpr int status_fd = 11;         ///< SOCK_SEQPACKET to the manager, see launcher.cpp

enum class MountKind {
    read_only,   ///< bind mount of one file or socket that the program can read, execute or connect to, never
                 ///< change
    read_write,  ///< bind mount of one file that is the program's own
    device,      ///< bind mount of one character device of the host, such as /dev/random
    tmpfs,       ///< fresh, size-limited, executable memory file system
};

/// One thing in the jail's root directory. Targets are single names in "/" or in a directory of "/":
/// "/kernel", "/dev/random".
struct Mount {
    MountKind kind = MountKind::read_only;
    std::string source;            ///< absolute path on the host; unused for tmpfs
    std::string target;            ///< absolute path in the jail
    std::uint64_t size_bytes = 0;  ///< tmpfs only
};

/// Names the system call allow-list (policy.hpp).
enum class Policy { uml, vsock_device };

enum class AddressSpaceLayout { randomised, fixed };

struct Specification {
    std::string program;                 ///< path in the jail
    std::vector<std::string> arguments;  ///< argv, the program's name included
    std::vector<std::string> environment;
    std::vector<Mount> mounts;
    Policy policy = Policy::uml;
    AddressSpaceLayout layout = AddressSpaceLayout::randomised;
    /// Host uid and gid to run as; only root may ask for one. Absent: the caller's own.
    std::optional<std::uint32_t> host_uid;
    std::optional<int> cpu;              ///< pin the program and all it starts to this host CPU
    std::uint64_t max_file_bytes = 0;    ///< RLIMIT_FSIZE
    std::uint64_t max_open_files = 256;  ///< RLIMIT_NOFILE
};

[[nodiscard]] std::string to_json(const Specification& specification);
[[nodiscard]] Result<Specification> parse_specification(std::string_view json);

}  // namespace hutch::jail
