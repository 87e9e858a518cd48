#include "manager/store/store.hpp"

namespace hutch::store {

namespace {

constexpr std::string_view columns =
    "id, name, description, created_at, is_default, rootfs_digest, rootfs_filename, rootfs_format, "
    "rootfs_bytes, "
    "rootfs_uploaded_at, rootfs_complete";

tl::unexpected<Error> image_not_found(const std::string& what) {
    return fail(ErrorKind::not_found, "image_not_found", "image " + what + " does not exist");
}

Result<ImageRecord> read_image(const Statement& row) {
    const auto id = ImageId::parse(row.text(0));
    if (!id)
        return fail(ErrorKind::internal, "database_damaged",
                    "database: images row with the id " + row.text(0));
    ImageRecord record;
    record.id = *id;
    record.name = row.text(1);
    record.description = row.text(2);
    record.created_at = row.text(3);
    record.is_default = row.integer(4) != 0;
    record.rootfs_digest = row.text(5);
    record.rootfs_filename = row.text(6);
    record.rootfs_format = row.text(7);
    record.rootfs_bytes = row.integer(8);
    record.rootfs_uploaded_at = row.text(9);
    record.rootfs_complete = row.integer(10) != 0;
    return record;
}

std::string select_where(std::string_view rest) {
    return "SELECT " + std::string(columns) + " FROM images " + std::string(rest);
}

}  // namespace

Result<ImageRecord> Store::insert_image(ImageRecord record) {
    const std::lock_guard lock(mutex_);
    if (record.created_at.empty()) record.created_at = iso8601_now();
    HUTCH_TRY(Transaction transaction, database_->begin(Durability::power));
    if (record.is_default)
        HUTCH_CHECK(database_->run("UPDATE images SET is_default = 0 WHERE is_default = 1"));
    HUTCH_CHECK(database_->run(
        "INSERT INTO images (" + std::string(columns) + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        record.id.text(), record.name, record.description, record.created_at, record.is_default ? 1 : 0,
        record.rootfs_digest, record.rootfs_filename, record.rootfs_format, record.rootfs_bytes,
        record.rootfs_uploaded_at, record.rootfs_complete ? 1 : 0));
    HUTCH_CHECK(transaction.commit());
    return record;
}

Result<ImageRecord> Store::image(const ImageId& id) {
    const std::lock_guard lock(mutex_);
    HUTCH_TRY(Statement query, database_->prepare(select_where("WHERE id = ?"), id.text()));
    HUTCH_TRY(const bool found, query.step());
    if (!found) return image_not_found(id.text());
    return read_image(query);
}

Result<std::vector<ImageRecord>> Store::images() {
    const std::lock_guard lock(mutex_);
    HUTCH_TRY(Statement query, database_->prepare(select_where("ORDER BY sequence")));
    std::vector<ImageRecord> records;
    for (;;) {
        HUTCH_TRY(const bool more, query.step());
        if (!more) return records;
        HUTCH_TRY(ImageRecord record, read_image(query));
        records.push_back(std::move(record));
    }
}

Result<ImageRecord> Store::default_image() {
    const std::lock_guard lock(mutex_);
    HUTCH_TRY(Statement query, database_->prepare(select_where("WHERE is_default = 1")));
    HUTCH_TRY(const bool found, query.step());
    if (!found)
        return fail(ErrorKind::not_found, "no_default_image",
                    "there is no default image: name one with imageId");
    return read_image(query);
}

Result<ImageRecord> Store::image_by_digest(const std::string& rootfs_digest) {
    const std::lock_guard lock(mutex_);
    HUTCH_TRY(
        Statement query,
        database_->prepare(select_where("WHERE rootfs_digest = ? ORDER BY sequence LIMIT 1"), rootfs_digest));
    HUTCH_TRY(const bool found, query.step());
    if (!found) return image_not_found("sha256:" + rootfs_digest);
    return read_image(query);
}

Result<void> Store::set_default_image(const ImageId& id) {
    const std::lock_guard lock(mutex_);
    HUTCH_TRY(Transaction transaction, database_->begin(Durability::power));
    HUTCH_CHECK(database_->run("UPDATE images SET is_default = 0 WHERE is_default = 1"));
    HUTCH_CHECK(database_->run("UPDATE images SET is_default = 1 WHERE id = ?", id.text()));
    if (database_->changes() == 0) return image_not_found(id.text());
    return transaction.commit();
}

Result<void> Store::mark_image_complete(const ImageId& id) {
    const std::lock_guard lock(mutex_);
    HUTCH_TRY(Transaction transaction, database_->begin(Durability::power));
    HUTCH_CHECK(database_->run("UPDATE images SET rootfs_complete = 1 WHERE id = ?", id.text()));
    if (database_->changes() == 0) return image_not_found(id.text());
    return transaction.commit();
}

}  // namespace hutch::store
