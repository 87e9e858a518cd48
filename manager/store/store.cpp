#include "manager/store/store.hpp"

#include <fcntl.h>

#include "common/sys/file.hpp"
#include "manager/store/migrations.hpp"

namespace hutch::store {

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& path) {
    HUTCH_TRY(sys::UniqueFd lock, sys::open(path.string() + ".lock", O_RDWR | O_CREAT, 0600));
    HUTCH_TRY(const bool locked, sys::try_lock(lock));
    if (!locked) {
        return fail(ErrorKind::conflict, "data_dir_in_use",
                    path.string() + " is in use by another hutchd: stop it, or choose another data folder");
    }
    // SQLite gives its journal files the mode of the database, so that is made first, private.
    HUTCH_TRY(const sys::UniqueFd created, sys::open(path, O_RDWR | O_CREAT, 0600));
    HUTCH_TRY(auto database, Database::open(path));
    if (auto migrated = migrate(*database, embedded_migrations()); !migrated) {
        return tl::unexpected<Error>(migrated.error().within(path.string()));
    }
    return std::unique_ptr<Store>(new Store(std::move(lock), std::move(database)));
}

}  // namespace hutch::store
