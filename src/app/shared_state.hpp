#pragma once

#include "config/config.hpp"
#include "registration/binding_table.hpp"
#include "routing/keys.hpp"
#include "store/binding_store.hpp"
#include "transport/connection_census.hpp"
#include "transport/distribution.hpp"
#include "transport/flow_settings.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace roundabout::app {

/// What all workers share. Made before the first worker, gone after the last.
struct SharedState {
    config::ConfigPtr config;
    routing::KeyRing keys;
    HashKey table_secret{}; ///< for hash tables; new at each start
    std::uint32_t boot = 0; ///< this incarnation of the process
    std::vector<IpAddress> machine;
    transport::FlowSettings flow_settings; ///< of each worker, but for its number
    transport::ConnectionCensus census{transport::ListenerLimits{}.connections,
                                       transport::ListenerLimits{}.connections_per_source};
    transport::Inboxes inboxes; ///< by worker
    registration::BindingTable* bindings = nullptr;
    store::BindingStore* store = nullptr;
    std::uint16_t workers = 1;
};

} // namespace roundabout::app
