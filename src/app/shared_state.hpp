#pragma once

#include "config/config.hpp"
#include "proxy/parked.hpp"
#include "proxy/predecessor.hpp"
#include "proxy/recent_requests.hpp"
#include "proxy/server_health.hpp"
#include "proxy/source_rates.hpp"
#include "registration/binding_table.hpp"
#include "routing/keys.hpp"
#include "store/binding_store.hpp"
#include "transport/connection_census.hpp"
#include "transport/distribution.hpp"
#include "transport/flow_settings.hpp"
#include "transport/tap.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace roundabout::app {

/// What all workers share. Made before the first worker, gone after the last.
struct SharedState {
    config::ConfigPtr config; ///< main thread; a worker looks at it before it starts only
    routing::KeyRing keys;
    HashKey table_secret{}; ///< for hash tables; new at each start
    std::uint32_t boot = 0; ///< this incarnation of the process
    std::vector<IpAddress> machine;
    transport::FlowSettings
        flow_settings; ///< main thread, as `config`; of each worker, but for its number
    transport::Censuses censuses{{0, 0}, {0, 0}};
    std::unique_ptr<proxy::SourceRates> rates;
    transport::Inboxes inboxes; ///< by worker
    proxy::Parked parked{inboxes};
    proxy::ServerHealth health;
    transport::Tap tap;
    std::unique_ptr<proxy::Predecessor> before; ///< whose place we have taken; null: nobody's
    registration::BindingTable* bindings = nullptr;
    store::BindingStore* store = nullptr;
    std::uint16_t workers = 1;
    std::unique_ptr<proxy::RecentRequests> recent;
    std::atomic<WallTime::rep> expiry_time = 0; ///< by registration::ExpiryClock, each second
};

} // namespace roundabout::app
