#pragma once

#include "registration/change_set.hpp"
#include "store/sqlite_binding_store.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

namespace roundabout::store {

/// Writes the table `bindings` and keeps count of its versions. Every call may throw
/// SQLite::Exception. The caller begins and commits transactions.
class BindingRows {
  public:
    /// `database` outlives it.
    explicit BindingRows(SQLite::Database& database);

    /// Writes all of it. An upsert does nothing where the row has that version already or a later
    /// one, a removal where it has a later one; a version that nobody has given yet is damage and
    /// stops neither. `now` becomes Progress::written.
    void apply(const registration::ChangeSet& changes, WallTime now);

    [[nodiscard]] bool any();
    /// Zeros where the row is missing or makes no sense.
    [[nodiscard]] Progress progress();

  private:
    void upsert(const registration::Binding& binding);
    void remove(const registration::Removal& removal);

    SQLite::Database& database_;
    SQLite::Statement upsert_;
    SQLite::Statement remove_;
    SQLite::Statement advance_;
    std::uint64_t newest_version_ = 0; ///< ever given, as far as this file knows
};

} // namespace roundabout::store
