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
/// Then: migrations, WAL, `synchronous` by durability. Reads a few pages only.
[[nodiscard]] StoreResult<SQLite::Database> open_database(const SqliteOptions& options);

/// Another connection to a database that is open, for reading beside the writer. May throw
/// SQLite::Exception.
[[nodiscard]] SQLite::Database open_for_reading(const SqliteOptions& options);

/// Whether closing it moves the WAL into the file, as SQLite normally does; a damaged file must be
/// spared that.
void checkpoint_on_close(SQLite::Database& database, bool wanted);

/// Whether the file, or its WAL, is not the one any more that `path` names: it was deleted or
/// replaced while open, and what is written to it is lost when it is closed.
[[nodiscard]] bool has_moved(SQLite::Database& database) noexcept;

/// Whether a damaged file at `path` was made by us: its header says so, or a key lies beside it.
/// Another file that was named by mistake is never moved.
[[nodiscard]] bool is_our_file(const std::string& path) noexcept;

} // namespace roundabout::store
