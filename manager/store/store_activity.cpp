#include "manager/store/store.hpp"

namespace hutch::store {

Result<void> Store::record_activity(std::string_view type, std::string_view entity_type,
                                    std::string_view entity_id, std::string_view message,
                                    std::string_view meta_json) {
    const std::lock_guard lock(mutex_);
    HUTCH_TRY(Transaction transaction, database_->begin(Durability::process));
    HUTCH_CHECK(
        database_->run("INSERT INTO activity (type, entity_type, entity_id, message, created_at, meta) "
                       "VALUES (?, ?, ?, ?, ?, ?)",
                       type, entity_type, entity_id, message, iso8601_now(), meta_json));
    HUTCH_CHECK(
        database_->run("DELETE FROM activity WHERE id <= last_insert_rowid() - ?", max_activity_rows));
    return transaction.commit();
}

Result<std::vector<ActivityRecord>> Store::activity(int limit) {
    const std::lock_guard lock(mutex_);
    HUTCH_TRY(
        Statement query,
        database_->prepare("SELECT id, type, entity_type, entity_id, message, created_at, meta FROM activity "
                           "ORDER BY id DESC LIMIT ?",
                           limit));
    std::vector<ActivityRecord> records;
    for (;;) {
        HUTCH_TRY(const bool more, query.step());
        if (!more) return records;
        records.push_back({query.integer(0), query.text(1), query.text(2), query.text(3), query.text(4),
                           query.text(5), query.text(6)});
    }
}

}  // namespace hutch::store
