#pragma once

#include "store/failure.hpp"
#include "store/sqlite_binding_store.hpp"

#include <SQLiteCpp/Database.h>

#include <string>

namespace roundabout::store {

/// What a refusal by SQLite means to us: store_busy where another process is at work,
/// store_corrupt, else store_unavailable (disk full, rights, input/output).
[[nodiscard]] Error to_error(const SQLite::Exception& refused) noexcept;

/// `to_error()` and a sentence that names the file and gives SQLite's own words.
[[nodiscard]] Failure to_failure(const SQLite::Exception& refused, const std::string& path);

/// Opens the database, whose lock the caller holds, or creates it: file and directory entry synced,
/// rights 0600 (also for -wal and -shm, which SQLite gives the rights of the file). A file that is
/// damaged, another program's or of a newer schema is refused before anything is written to it.
/// Then: migrations, WAL, `synchronous` by durability.
[[nodiscard]] StoreResult<SQLite::Database> open_database(const SqliteOptions& options);

} // namespace roundabout::store
