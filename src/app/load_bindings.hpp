#pragma once

#include "base/time.hpp"
#include "config/config.hpp"
#include "registration/binding_table.hpp"
#include "store/binding_store.hpp"

namespace roundabout::app {

/// Reads all bindings into the table, on a thread of its own, while requests are served: what one
/// of them needs and is not there yet, it asks the store for. Returns early where the store is
/// stopped.
void load_bindings(const config::Config& config, store::BindingStore& store,
                   registration::BindingTable& bindings, WallTime now);

} // namespace roundabout::app
