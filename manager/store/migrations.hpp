#pragma once

#include <span>
#include <string_view>

#include "common/result.hpp"
#include "manager/store/database.hpp"

namespace hutch::store {

/// One file of migrations/: 0001_name.sql has version 1.
struct Migration {
    int version;
    std::string_view name;  ///< the file's name
    std::string_view sql;
};

/// All files of migrations/ as they were at build time, versions 1, 2, 3, …
[[nodiscard]] std::span<const Migration> embedded_migrations();

/// Brings the database to the last of `migrations`, each in a transaction of its own. An error, and nothing
/// changed, when the database was written by a newer program, or when a migration that it has applied reads
/// differently now.
[[nodiscard]] Result<void> migrate(Database& database, std::span<const Migration> migrations);

}  // namespace hutch::store
