#pragma once

#include "store/failure.hpp"

#include <SQLiteCpp/Database.h>

#include <span>
#include <string_view>

namespace roundabout::store {

/// One numbered file of schema/: "001_bindings.sql" is number 1.
struct Migration {
    int number = 0;
    std::string_view name;
    std::string_view sql;
};

/// The files of schema/ as they were at build time, in order, numbered from 1 without a gap.
[[nodiscard]] std::span<const Migration> migrations() noexcept;

/// Brings a database from the version it has (PRAGMA user_version, 0 when new) to that of the last
/// migration, all in one transaction: either it is wholly at the new version or untouched. Returns
/// how many were applied. Failures: store_newer_schema, store_busy, store_corrupt,
/// store_unavailable.
[[nodiscard]] StoreResult<int> migrate(SQLite::Database& database,
                                       std::span<const Migration> steps = migrations());

} // namespace roundabout::store
