#pragma once

// What hutchd knows and must not forget: VMs, images, what happened. One SQLite file.
// Owner: main. Any thread may call; calls are serialised by one mutex. Every call is one transaction.
// Durability: what makes or removes something survives a power cut when the call returns; moves of state,
// times of use and activity survive the end of the process at any moment, but a power cut may take the last
// ones, which no guest survives either. So a create costs one flush of the disk and a start or stop none.
// Failure: the errors of database.hpp, and those named at each call.

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "common/sys/unique_fd.hpp"
#include "manager/store/database.hpp"
#include "manager/store/ids.hpp"
#include "manager/store/records.hpp"
#include "manager/store/timestamp.hpp"

namespace hutch::store {

/// Activity rows kept; older ones go as new ones come.
inline constexpr std::int64_t max_activity_rows = 10'000;

class Store {
public:
    /// Opens or creates the database and brings it to this program's schema. Holds a lock beside it
    /// (`<path>.lock`) while it lives. Errors: conflict "data_dir_in_use" when another process has it,
    /// conflict "database_newer", internal "database_damaged".
    [[nodiscard]] static Result<std::unique_ptr<Store>> open(const std::filesystem::path& path);

    // VMs

    /// Writes the row and gives it back, with the lowest free guest address when `record` has none, and with
    /// both times set to now when they are empty. Errors: conflict "guest_ip_in_use" for an address that is
    /// taken; no_capacity "no_guest_ip" when all 65,533 are; not_found "image_not_found".
    [[nodiscard]] Result<VmRecord> insert_vm(VmRecord record);
    /// Error: not_found "vm_not_found", for one in state DELETED too.
    [[nodiscard]] Result<VmRecord> vm(const VmId& id);
    /// All but those in state DELETED, oldest first.
    [[nodiscard]] Result<std::vector<VmRecord>> vms();
    /// Those in state DELETED: their removal was begun and not finished.
    [[nodiscard]] Result<std::vector<VmRecord>> deleted_vms();
    /// Moves a VM from one state to another in one step, and sets its `error` (empty unless `to` is ERROR).
    /// Errors: conflict "vm_wrong_state" when it is not in `from`, not_found "vm_not_found".
    [[nodiscard]] Result<void> move_vm(const VmId& id, VmState from, VmState to,
                                       const std::string& error = {});
    /// Notes that it was used. Error: not_found.
    [[nodiscard]] Result<void> touch_vm(const VmId& id, const std::string& last_active_at);
    /// Forgets a VM, in whatever state, and frees its address. Call it when its files are gone. Error:
    /// not_found.
    [[nodiscard]] Result<void> remove_vm(const VmId& id);

    // Images

    /// Writes the row. When it is to be the default, the one before no longer is.
    [[nodiscard]] Result<ImageRecord> insert_image(ImageRecord record);
    /// Error: not_found "image_not_found".
    [[nodiscard]] Result<ImageRecord> image(const ImageId& id);
    /// Oldest first.
    [[nodiscard]] Result<std::vector<ImageRecord>> images();
    /// Error: not_found "no_default_image".
    [[nodiscard]] Result<ImageRecord> default_image();
    /// The oldest with this root filesystem, complete or not. Error: not_found "image_not_found".
    [[nodiscard]] Result<ImageRecord> image_by_digest(const std::string& rootfs_digest);
    /// Error: not_found.
    [[nodiscard]] Result<void> set_default_image(const ImageId& id);
    /// Its file is in the image folder now, whole and checked. Error: not_found.
    [[nodiscard]] Result<void> mark_image_complete(const ImageId& id);

    // Activity

    /// Notes what happened, now. `meta_json`: a JSON object without secrets. The oldest go beyond
    /// max_activity_rows.
    [[nodiscard]] Result<void> record_activity(std::string_view type, std::string_view entity_type,
                                               std::string_view entity_id, std::string_view message,
                                               std::string_view meta_json = "{}");
    /// Newest first, at most `limit`.
    [[nodiscard]] Result<std::vector<ActivityRecord>> activity(int limit);

private:
    Store(sys::UniqueFd lock, std::unique_ptr<Database> database)
        : lock_(std::move(lock)), database_(std::move(database)) {}
    [[nodiscard]] Result<std::vector<VmRecord>> vms_where(std::string_view condition);

    sys::UniqueFd lock_;
    std::mutex mutex_;  // guards database_
    std::unique_ptr<Database> database_;
};

}  // namespace hutch::store
