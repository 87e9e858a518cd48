#include <nlohmann/json.hpp>

#include "manager/store/guest_address.hpp"
#include "manager/store/store.hpp"

namespace hutch::store {

namespace {

using nlohmann::json;

constexpr std::string_view columns =
    "id, state, error, name, labels, cpu, memory_mib, disk_mib, guest_ip_offset, allow_ips, "
    "outbound_internet, driver, "
    "profile, image_id, rootfs_digest, kernel_digest, initramfs_digest, created_at, last_active_at";

std::string to_json_text(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

tl::unexpected<Error> damaged_row(const std::string& id, const char* column) {
    return fail(ErrorKind::internal, "database_damaged",
                "database: vms row " + id + ": unreadable " + column);
}

tl::unexpected<Error> vm_not_found(const VmId& id) {
    return fail(ErrorKind::not_found, "vm_not_found", "VM " + id.text() + " does not exist");
}

Result<VmRecord> read_vm(const Statement& row) {
    VmRecord record;
    const auto id = VmId::parse(row.text(0));
    if (!id) return damaged_row(row.text(0), "id");
    record.id = *id;
    const auto state = vm_state_from(row.text(1));
    if (!state) return damaged_row(row.text(0), "state");
    record.state = *state;
    record.error = row.text(2);
    record.name = row.text(3);

    const json labels = json::parse(row.text(4), nullptr, /*allow_exceptions=*/false);
    if (!labels.is_object()) return damaged_row(row.text(0), "labels");
    for (const auto& [key, value] : labels.items()) {
        if (!value.is_string()) return damaged_row(row.text(0), "labels");
        record.labels[key] = value.get<std::string>();
    }
    record.cpu = static_cast<int>(row.integer(5));
    record.memory_mib = static_cast<int>(row.integer(6));
    record.disk_mib = row.integer(7);
    record.guest_ip = guest_address(row.integer(8));
    const json allow_ips = json::parse(row.text(9), nullptr, /*allow_exceptions=*/false);
    if (!allow_ips.is_array()) return damaged_row(row.text(0), "allow_ips");
    for (const json& entry : allow_ips) {
        if (!entry.is_string()) return damaged_row(row.text(0), "allow_ips");
        record.allow_ips.push_back(entry.get<std::string>());
    }
    record.outbound_internet = row.integer(10) != 0;
    record.driver = row.text(11);
    record.profile = row.text(12);
    const auto image_id = ImageId::parse(row.text(13));
    if (!image_id) return damaged_row(row.text(0), "image_id");
    record.image_id = *image_id;
    record.rootfs_digest = row.text(14);
    record.kernel_digest = row.text(15);
    record.initramfs_digest = row.text(16);
    record.created_at = row.text(17);
    record.last_active_at = row.text(18);
    return record;
}

Result<std::int64_t> lowest_free_offset(Database& database) {
    HUTCH_TRY(Statement query,
              database.prepare("SELECT MIN(candidate) FROM (SELECT ?1 AS candidate UNION ALL SELECT "
                               "guest_ip_offset + 1 FROM vms) "
                               "WHERE candidate NOT IN (SELECT guest_ip_offset FROM vms) AND candidate <= ?2",
                               first_guest_offset, last_guest_offset));
    HUTCH_TRY(const bool row, query.step());
    const std::int64_t offset = row ? query.integer(0) : 0;  // MIN of no rows is NULL, read as 0
    if (offset == 0)
        return fail(ErrorKind::no_capacity, "no_guest_ip", "every guest address is taken: delete a VM first");
    return offset;
}

Result<std::int64_t> requested_offset(Database& database, const std::string& address) {
    const auto offset = guest_address_offset(address);
    if (!offset) {
        return fail(ErrorKind::invalid_argument, "invalid_guest_ip",
                    address + " is not an address for a guest (172.16.0.0/16)");
    }
    HUTCH_TRY(Statement query, database.prepare("SELECT 1 FROM vms WHERE guest_ip_offset = ?", *offset));
    HUTCH_TRY(const bool taken, query.step());
    if (taken) return fail(ErrorKind::conflict, "guest_ip_in_use", "guest address " + address + " is taken");
    return *offset;
}

}  // namespace

Result<VmRecord> Store::insert_vm(VmRecord record) {
    const std::lock_guard lock(mutex_);
    HUTCH_TRY(Transaction transaction, database_->begin(Durability::power));
    {
        HUTCH_TRY(Statement image,
                  database_->prepare("SELECT 1 FROM images WHERE id = ?", record.image_id.text()));
        HUTCH_TRY(const bool known, image.step());
        if (!known) {
            return fail(ErrorKind::not_found, "image_not_found",
                        "image " + record.image_id.text() + " does not exist");
        }
    }
    HUTCH_TRY(const std::int64_t offset, record.guest_ip.empty()
                                             ? lowest_free_offset(*database_)
                                             : requested_offset(*database_, record.guest_ip));
    record.guest_ip = guest_address(offset);
    const std::string now = iso8601_now();
    if (record.created_at.empty()) record.created_at = now;
    if (record.last_active_at.empty()) record.last_active_at = now;
    HUTCH_CHECK(database_->run("INSERT INTO vms (" + std::string(columns) +
                                   ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                               record.id.text(), to_string(record.state), record.error, record.name,
                               to_json_text(json(record.labels)), record.cpu, record.memory_mib,
                               record.disk_mib, offset, to_json_text(json(record.allow_ips)),
                               record.outbound_internet ? 1 : 0, record.driver, record.profile,
                               record.image_id.text(), record.rootfs_digest, record.kernel_digest,
                               record.initramfs_digest, record.created_at, record.last_active_at));
    HUTCH_CHECK(transaction.commit());
    return record;
}

Result<VmRecord> Store::vm(const VmId& id) {
    const std::lock_guard lock(mutex_);
    HUTCH_TRY(Statement query, database_->prepare("SELECT " + std::string(columns) +
                                                      " FROM vms WHERE id = ? AND state <> 'DELETED'",
                                                  id.text()));
    HUTCH_TRY(const bool found, query.step());
    if (!found) return vm_not_found(id);
    return read_vm(query);
}

Result<std::vector<VmRecord>> Store::vms_where(std::string_view condition) {
    const std::lock_guard lock(mutex_);
    HUTCH_TRY(Statement query, database_->prepare("SELECT " + std::string(columns) + " FROM vms WHERE " +
                                                  std::string(condition) + " ORDER BY sequence"));
    std::vector<VmRecord> records;
    for (;;) {
        HUTCH_TRY(const bool more, query.step());
        if (!more) return records;
        HUTCH_TRY(VmRecord record, read_vm(query));
        records.push_back(std::move(record));
    }
}

Result<std::vector<VmRecord>> Store::vms() {
    return vms_where("state <> 'DELETED'");
}
Result<std::vector<VmRecord>> Store::deleted_vms() {
    return vms_where("state = 'DELETED'");
}

Result<void> Store::move_vm(const VmId& id, VmState from, VmState to, const std::string& error) {
    const std::lock_guard lock(mutex_);
    // The removal is the one move that must not be forgotten: its caller was told that the VM is gone.
    HUTCH_TRY(Transaction transaction,
              database_->begin(to == VmState::deleted ? Durability::power : Durability::process));
    HUTCH_CHECK(database_->run("UPDATE vms SET state = ?, error = ? WHERE id = ? AND state = ?",
                               to_string(to), error, id.text(), to_string(from)));
    if (database_->changes() == 1) return transaction.commit();
    HUTCH_TRY(Statement query, database_->prepare("SELECT state FROM vms WHERE id = ?", id.text()));
    HUTCH_TRY(const bool found, query.step());
    if (!found) return vm_not_found(id);
    return fail(ErrorKind::conflict, "vm_wrong_state",
                "VM " + id.text() + " is " + query.text(0) + ", not " + to_string(from));
}

Result<void> Store::touch_vm(const VmId& id, const std::string& last_active_at) {
    const std::lock_guard lock(mutex_);
    HUTCH_TRY(Transaction transaction, database_->begin(Durability::process));
    HUTCH_CHECK(database_->run("UPDATE vms SET last_active_at = ? WHERE id = ?", last_active_at, id.text()));
    if (database_->changes() == 0) return vm_not_found(id);
    return transaction.commit();
}

Result<void> Store::remove_vm(const VmId& id) {
    const std::lock_guard lock(mutex_);
    HUTCH_TRY(Transaction transaction, database_->begin(Durability::power));
    HUTCH_CHECK(database_->run("DELETE FROM vms WHERE id = ?", id.text()));
    if (database_->changes() == 0) return vm_not_found(id);
    return transaction.commit();
}

}  // namespace hutch::store
