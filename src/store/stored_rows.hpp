#pragma once

#include "registration/binding.hpp"
#include "store/binding_store.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace roundabout::store {

/// The rows of the table `bindings` as values, for whoever only reads. A row that no REGISTER could
/// have made is never given out as a binding. Every call may throw SQLite::Exception.
class StoredRows {
  public:
    /// `database` outlives it.
    explicit StoredRows(SQLite::Database& database);

    [[nodiscard]] std::vector<registration::Binding> find(const Lookup& lookup);

    /// The next at most `limit` rows after the id that `cursor` holds, in the order of the ids, and
    /// moves `cursor` on with each; false: there are no more. Begins with an empty cursor. Each
    /// call is a read of its own, so that a long walk holds up no checkpoint.
    [[nodiscard]] bool
    walk(std::string& cursor, std::size_t limit,
         const std::function<void(registration::Binding)>& sound,
         const std::function<void(const std::string& id, const std::string& fault)>& damaged);

  private:
    std::vector<registration::Binding> read_all(SQLite::Statement& statement) const;

    SQLite::Statement by_id_;
    SQLite::Statement by_user_;
    SQLite::Statement by_aor_;
    SQLite::Statement between_aors_;
    SQLite::Statement by_remote_;
    SQLite::Statement walk_;
};

/// A cursor for StoredRows::walk() beyond a part of the file that cannot be read: the ids are
/// evenly spread, and each further `attempt` (from 0) goes twice as far. Empty: past the last id.
[[nodiscard]] std::string beyond(std::string_view cursor, unsigned attempt);

} // namespace roundabout::store
