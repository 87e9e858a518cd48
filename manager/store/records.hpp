#pragma once

// The rows of the store, as the rest of the manager sees them.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "manager/store/ids.hpp"

namespace hutch::store {

/// The states of a VM; the legal moves between them are in vm/lifecycle.hpp.
enum class VmState { created, starting, running, stopping, stopped, deleted, error };

/// "CREATED", "STARTING", … as the API spells them.
[[nodiscard]] const char* to_string(VmState state);
[[nodiscard]] std::optional<VmState> vm_state_from(const std::string& text);

/// One VM. Written before anything of it exists on disk.
struct VmRecord {
    VmId id;
    VmState state = VmState::created;
    std::string error;  ///< why it is in state ERROR, else empty
    std::string name;   ///< chosen by the caller, may be empty
    std::map<std::string, std::string> labels;
    int cpu = 1;                ///< vCPUs
    int memory_mib = 0;         ///< `memMb` in the API
    std::int64_t disk_mib = 0;  ///< size of the overlay disk, `diskSizeMb`
    std::string guest_ip;       ///< 172.16.x.y, leased from the store
    std::vector<std::string> allow_ips;
    bool outbound_internet = false;
    std::string driver;  ///< "uml", …
    std::string profile = "strict";
    ImageId image_id;
    // The digests this VM was made from, pinned for its life (lower-case hex SHA-256).
    std::string rootfs_digest;
    std::string kernel_digest;
    std::string initramfs_digest;
    std::string created_at;      ///< ISO 8601, UTC, milliseconds: 2026-01-31T12:00:00.000Z
    std::string last_active_at;  ///< likewise
};

/// One image: a root filesystem that VMs share read-only.
struct ImageRecord {
    ImageId id;
    std::string name;
    std::string description;
    std::string created_at;
    bool is_default = false;
    std::string rootfs_digest;    ///< lower-case hex SHA-256; empty while there is none
    std::string rootfs_filename;  ///< as it was uploaded or built
    std::string rootfs_format;    ///< "ext4", "squashfs" or "erofs"
    std::int64_t rootfs_bytes = 0;
    std::string rootfs_uploaded_at;
    bool rootfs_complete =
        false;  ///< the file is in the image folder, whole and checked: VMs may be made from it
};

/// One line of what happened, for the operator.
struct ActivityRecord {
    std::int64_t id = 0;      ///< grows by time
    std::string type;         ///< "vm.created", …
    std::string entity_type;  ///< "vm", "image", …
    std::string entity_id;
    std::string message;
    std::string created_at;
    std::string meta_json = "{}";  ///< a JSON object, never with secrets
};

}  // namespace hutch::store
