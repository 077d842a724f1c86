#pragma once

#include "proxy/services.hpp"
#include "proxy/snapshot.hpp"
#include "store/binding_store.hpp"
#include "transaction/loop/task.hpp"
#include "transport/inbox.hpp"

#include <functional>

namespace roundabout::proxy {

/// Lets a request wait until the client cache has every binding that its handling asks for, while
/// the cache is still being filled after a start: asks the store, then hands the request to `then`.
/// After the configured [store] wait it goes on with what there is.
[[nodiscard]] transaction::Task ask_store_first(transaction::Loop& loop, Services& services,
                                                SnapshotPtr snapshot, transport::Inbound request,
                                                std::function<void(transport::Inbound)> then);

/// Puts what the store found into the client cache and wakes whoever asked.
void take_rows(store::FoundRows found, Services& services);

} // namespace roundabout::proxy
