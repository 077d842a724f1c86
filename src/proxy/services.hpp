#pragma once

#include "base/time.hpp"
#include "proxy/counters.hpp"
#include "proxy/flow_watch.hpp"
#include "proxy/measures.hpp"
#include "proxy/parked.hpp"
#include "proxy/predecessor.hpp"
#include "proxy/server_health.hpp"
#include "proxy/snapshot.hpp"
#include "registration/binding_table.hpp"
#include "registration/register_rules.hpp"
#include "routing/keys.hpp"
#include "routing/tokens.hpp"
#include "store/binding_store.hpp"
#include "transaction/transaction_layer.hpp"
#include "transport/flow_table.hpp"
#include "transport/resolver.hpp"
#include "transport/tap.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>

namespace roundabout::proxy {

/// What the coroutines of one worker work with. Outlives them; used on the worker's thread, but for
/// the binding table, the store, what is parked and the servers' health, which all workers share.
struct Services {
    transaction::Loop& loop;
    transaction::TransactionLayer& layer;
    transaction::Scope& contexts; ///< owns the response contexts
    transport::FlowTable& flows;
    transport::Resolver& resolver;
    routing::Tokens& tokens;
    const routing::KeyRing& keys;
    registration::BindingTokens binding_tokens;
    registration::BindingTable& bindings;
    store::BindingStore& store;
    Parked& parked;
    ServerHealth& health;
    Counters& counters;
    Measures& measures;
    std::function<WallTime()> wall_clock;
    std::function<WallTime()> expiry_clock; ///< by which bindings expire: registration::ExpiryClock
    std::uint16_t worker = 0;
    std::uint32_t boot = 0;               ///< this incarnation of the process, as in FlowId
    std::atomic<std::size_t>& unanswered; ///< requests forwarded that have no final response yet

    SnapshotPtr snapshot; ///< the current one; a request takes its own copy
    FlowWatch watch;
    registration::PendingKey next_pending = 0;
    /// Until when large requests go to that UDP server by UDP, because TCP failed (R39).
    std::unordered_map<config::ServerIndex, TimePoint> tcp_failed_until;
    transport::Tap* tap = nullptr; ///< gets copies of what is received; null: nobody ever watches
    Predecessor* before = nullptr; ///< whose place we have taken; null: nobody's
    /// Registrations are another process's by now, which has taken our place.
    bool handed_over = false;
};

} // namespace roundabout::proxy
