#pragma once

#include "registration/change_set.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <functional>
#include <optional>
#include <string>

namespace roundabout::store {

/// The rows of the table `bindings` as values. Every call may throw SQLite::Exception.
class BindingRows {
  public:
    /// `database` outlives it.
    explicit BindingRows(SQLite::Database& database);

    /// Unless the row there has that version already or a later one.
    void upsert(const registration::Binding& binding);
    /// Unless the row there has a later version.
    void remove(const registration::Removal& removal);

    /// Nothing if there is none, or none that a REGISTER could have made.
    [[nodiscard]] std::optional<registration::Binding> find(const registration::BindingId& id);

    /// Every row in the order of the ids; for one that no REGISTER could have made, its id and what
    /// is wrong with it.
    void
    for_each(const std::function<void(registration::Binding)>& sound,
             const std::function<void(const std::string& id, const std::string& fault)>& damaged);

    [[nodiscard]] bool any();
    /// Lets the next registration replace a damaged row, whatever version that claims.
    void yield_version(const std::string& id);
    /// Deletes what has expired; how many.
    std::size_t remove_expired(WallTime now);

  private:
    SQLite::Database& database_;
    SQLite::Statement upsert_;
    SQLite::Statement remove_;
    SQLite::Statement find_;
};

} // namespace roundabout::store
