#include "manager/store/database.hpp"

#include <sqlite3.h>

namespace hutch::store {

namespace {

tl::unexpected<Error> fail_sqlite(sqlite3* connection, int code, std::string_view what) {
    std::string message = "database: " + std::string(what) + ": ";
    message += connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
    switch (code & 0xff) {
        case SQLITE_FULL:
            return fail(ErrorKind::storage_full, "storage_full", std::move(message));
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return fail(ErrorKind::internal, "database_damaged", std::move(message));
        case SQLITE_BUSY:
            return fail(ErrorKind::internal, "database_busy", std::move(message));
        default:
            return fail(ErrorKind::internal, "database_error", std::move(message));
    }
}

/// How long to wait for another process that reads the file (a backup, the sqlite3 program), in milliseconds.
constexpr int busy_timeout_ms = 5000;

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}
void Database::Close::operator()(sqlite3* connection) const {
    sqlite3_close_v2(connection);
}

void Statement::note_bind(int code) {
    if (code != SQLITE_OK && bind_error_ == SQLITE_OK) bind_error_ = code;
}

void Statement::bind(std::string_view value) {
    // A null pointer would bind NULL, not the empty text.
    const char* const data = value.empty() ? "" : value.data();
    note_bind(
        sqlite3_bind_text64(statement_.get(), ++bound_, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::bind(std::int64_t value) {
    note_bind(sqlite3_bind_int64(statement_.get(), ++bound_, value));
}

Result<bool> Statement::step() {
    if (bind_error_ != SQLITE_OK) return fail_sqlite(nullptr, bind_error_, sqlite3_sql(statement_.get()));
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return fail_sqlite(connection_, code, sqlite3_sql(statement_.get()));
}

Result<void> Statement::run() {
    HUTCH_TRY(const bool row, step());
    if (row)
        return fail(ErrorKind::internal, "database_error",
                    "database: a statement answered rows unexpectedly");
    return {};
}

std::string Statement::text(int column) const {
    const auto* const data = sqlite3_column_text(statement_.get(), column);
    if (data == nullptr) return {};
    return {reinterpret_cast<const char*>(data),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

Transaction::~Transaction() {
    if (database_ != nullptr) database_->roll_back();
}

Result<void> Transaction::commit() {
    HUTCH_CHECK(database_->run("COMMIT"));
    database_ = nullptr;
    return {};
}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& path) {
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(
        path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    std::unique_ptr<Database> database(new Database(raw));
    if (code != SQLITE_OK) return fail_sqlite(raw, code, "open " + path.string());
    sqlite3_extended_result_codes(raw, 1);
    sqlite3_busy_timeout(raw, busy_timeout_ms);
    sqlite3_limit(raw, SQLITE_LIMIT_ATTACHED, 0);

    HUTCH_CHECK(database->run_script(
        "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"));
    const auto damaged = [&](const std::string& why) {
        return fail(ErrorKind::internal, "database_damaged",
                    path.string() + " is damaged (" + why +
                        "): restore it from a backup, or move it away to start empty");
    };
    {
        auto check = database->prepare("PRAGMA quick_check(1)");
        if (!check) return damaged(check.error().message);
        const auto row = check->step();
        if (!row) return damaged(row.error().message);
        if (*row && check->text(0) != "ok") return damaged(check->text(0));
    }
    HUTCH_TRY(Statement journal, database->prepare("PRAGMA journal_mode = WAL"));
    HUTCH_TRY(const bool has_row, journal.step());
    if (!has_row || journal.text(0) != "wal") {
        return fail(ErrorKind::internal, "database_error",
                    path.string() + ": the filesystem does not allow SQLite's write-ahead log");
    }
    return database;
}

Result<Statement> Database::prepare_text(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const int code =
        sqlite3_prepare_v2(connection_.get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
    if (code != SQLITE_OK) return fail_sqlite(connection_.get(), code, sql);
    return Statement(connection_.get(), statement);
}

Result<void> Database::run_script(const std::string& sql) {
    const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return fail_sqlite(connection_.get(), code, "script");
    return {};
}

Result<Transaction> Database::begin(Durability durability) {
    HUTCH_CHECK(run_script(durability == Durability::power ? "PRAGMA synchronous = FULL"
                                                           : "PRAGMA synchronous = NORMAL"));
    HUTCH_CHECK(run("BEGIN IMMEDIATE"));
    return Transaction(*this);
}

void Database::roll_back() {
    // After some errors (a full disk) SQLite has rolled back already.
    if (sqlite3_get_autocommit(connection_.get()) == 0) {
        sqlite3_exec(connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
}

std::int64_t Database::changes() const {
    return sqlite3_changes64(connection_.get());
}

}  // namespace hutch::store
