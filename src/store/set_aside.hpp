#pragma once

#include "base/time.hpp"
#include "store/failure.hpp"

#include <string>

namespace roundabout::store {

/// The name under which a bad database is kept: "clients.db.damaged-20260131T235959Z".
[[nodiscard]] std::string aside_name(const std::string& path, WallTime now);

/// Gives the database at `path` that name as well, with "-2", "-3" behind it where there is such a
/// file already: nothing is ever overwritten. Its -wal and -shm move along, so that SQLite's tools
/// find the three together. `path` itself stays for the caller to replace or to unlink: renaming a
/// new file over it leaves no instant without one. Gives the name; empty if there was no file.
[[nodiscard]] StoreResult<std::string> set_aside(const std::string& path, WallTime now);

} // namespace roundabout::store
