#pragma once

#include "store/sqlite_binding_store.hpp"

#include <functional>
#include <vector>

namespace roundabout::store {

/// What loading asks of the store that it is part of.
struct LoadingParts {
    const SqliteOptions& options;
    std::function<bool()> stopping;
    std::function<void(registration::ChangeSet)> remove; ///< what has expired, a few at a time
};

/// See BindingStore::load(). With `options.memory` it passes over what cannot be read, and waits
/// where the database is busy or failing instead of giving up.
[[nodiscard]] StoreResult<LoadSummary>
load_rows(const LoadingParts& parts, WallTime now, std::size_t page_size,
          const std::function<void(std::vector<registration::Binding>)>& page);

} // namespace roundabout::store
