#pragma once

// A SQLite connection and its statements. Owner: Store. Not thread-safe: the Store's mutex guards every use.
// Failure: `storage_full` when the disk is full, else `internal` with code "database_error",
// "database_damaged" or "database_busy"; the message says which statement's purpose failed.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "common/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace hutch::store {

class Database;

/// One prepared statement; finalised with its owner. Columns count from 0, parameters are bound in order.
class Statement {
public:
    /// True: there is a row to read; false: done.
    [[nodiscard]] Result<bool> step();
    /// Runs a statement that answers no rows.
    [[nodiscard]] Result<void> run();

    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::int64_t integer(int column) const;

    void bind(std::string_view value);
    void bind(const char* value) { bind(std::string_view(value)); }
    void bind(std::int64_t value);
    void bind(int value) { bind(std::int64_t{value}); }

private:
    friend class Database;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    Statement(sqlite3* connection, sqlite3_stmt* statement)
        : connection_(connection), statement_(statement) {}
    void note_bind(int code);

    sqlite3* connection_;
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    int bound_ = 0;
    int bind_error_ = 0;
};

/// What a commit survives. Both survive the end of the process at any moment.
enum class Durability {
    process,  ///< not yet flushed: a power cut may take the last ones (never their order)
    power,    ///< flushed to the disk, with all before it, when commit returns
};

/// A write transaction: rolled back unless committed.
class Transaction {
public:
    explicit Transaction(Database& database) : database_(&database) {}
    Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();
    [[nodiscard]] Result<void> commit();

private:
    Database* database_;
};

class Database {
public:
    /// Opens or creates the file: WAL, foreign keys on, integrity checked (quick_check).
    [[nodiscard]] static Result<std::unique_ptr<Database>> open(const std::filesystem::path& path);

    template <class... Values>
    [[nodiscard]] Result<Statement> prepare(std::string_view sql, const Values&... values) {
        auto statement = prepare_text(sql);
        if (statement) (statement->bind(values), ...);
        return statement;
    }
    /// Prepares, binds and runs a statement that answers no rows.
    template <class... Values>
    [[nodiscard]] Result<void> run(std::string_view sql, const Values&... values) {
        HUTCH_TRY(Statement statement, prepare(sql, values...));
        return statement.run();
    }
    /// Runs several statements without parameters.
    [[nodiscard]] Result<void> run_script(const std::string& sql);
    /// BEGIN IMMEDIATE. `durability` is that of the commit.
    [[nodiscard]] Result<Transaction> begin(Durability durability);

    /// Rows changed by the last INSERT, UPDATE or DELETE.
    [[nodiscard]] std::int64_t changes() const;

private:
    friend class Transaction;
    struct Close {
        void operator()(sqlite3* connection) const;
    };
    explicit Database(sqlite3* connection) : connection_(connection) {}
    [[nodiscard]] Result<Statement> prepare_text(std::string_view sql);
    void roll_back();

    std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace hutch::store
