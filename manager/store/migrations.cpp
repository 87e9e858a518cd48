#include "manager/store/migrations.hpp"

#include <string>

#include "manager/store/timestamp.hpp"

namespace hutch::store {

namespace {

Result<void> apply(Database& database, const Migration& migration) {
    HUTCH_TRY(Transaction transaction, database.begin(Durability::power));
    HUTCH_CHECK(database.run_script(std::string(migration.sql)));
    HUTCH_CHECK(
        database.run("INSERT INTO schema_version (version, name, sql, applied_at) VALUES (?, ?, ?, ?)",
                     migration.version, migration.name, migration.sql, iso8601_now()));
    return transaction.commit();
}

}  // namespace

Result<void> migrate(Database& database, std::span<const Migration> migrations) {
    HUTCH_CHECK(
        database.run_script("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, "
                            "name TEXT NOT NULL, sql TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT"));
    std::size_t applied = 0;
    {
        HUTCH_TRY(Statement rows,
                  database.prepare("SELECT version, name, sql FROM schema_version ORDER BY version"));
        for (;;) {
            HUTCH_TRY(const bool more, rows.step());
            if (!more) break;
            if (applied == migrations.size()) {
                return fail(ErrorKind::conflict, "database_newer",
                            "the database was written by a newer hutchd (it has migration " + rows.text(1) +
                                "): start that version, or a newer one");
            }
            const Migration& expected = migrations[applied];
            if (rows.integer(0) != expected.version || rows.text(2) != expected.sql) {
                return fail(ErrorKind::conflict, "database_different",
                            "the database has a migration " + rows.text(1) +
                                " that differs from this program's " + std::string(expected.name) +
                                ": it was written by another variant of hutchd");
            }
            ++applied;
        }
    }
    for (const Migration& migration : migrations.subspan(applied)) {
        if (auto done = apply(database, migration); !done) {
            return tl::unexpected<Error>(done.error().within("migration " + std::string(migration.name)));
        }
    }
    return {};
}

}  // namespace hutch::store
