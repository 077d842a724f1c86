#pragma once

#include "base/time.hpp"
#include "store/failure.hpp"
#include "store/sqlite_binding_store.hpp"

#include <string>
#include <string_view>

namespace roundabout::store {

// A database file in place of one that is damaged or gone. Made whole beside it first, so that a
// crash on the way leaves the old one.

/// Writes what `options.memory` gives to "<path>.part", durably.
[[nodiscard]] StoreResult<void> write_new_file(const SqliteOptions& options, WallTime now);

/// Sets what lies at the path aside and puts the new file there. Gives the name under which the old
/// one is kept; empty if it was gone.
[[nodiscard]] StoreResult<std::string> take_place(const SqliteOptions& options, WallTime now);

/// For the log.
[[nodiscard]] std::string renewal_sentence(std::string_view path, std::string_view why,
                                           std::string_view aside);

} // namespace roundabout::store
