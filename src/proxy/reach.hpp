#pragma once

#include "proxy/services.hpp"
#include "proxy/snapshot.hpp"
#include "routing/decision.hpp"
#include "transaction/events.hpp"
#include "transaction/loop/async.hpp"
#include "transaction/loop/task.hpp"

#include <cstddef>
#include <optional>

namespace roundabout::proxy {

/// A flow to a target, and whether it is a connection that was open before.
struct Way {
    Flow flow;
    bool reused = false;
};

/// The way to a target that needs no waiting: a UDP pair, or a client's connection. Errors:
/// flow_closed (a client whose flow is gone and has no new one), not_listening. Nothing if it takes
/// a connection or a name look-up: then `reach` is for it.
[[nodiscard]] std::optional<Result<Way>> reach_now(const routing::Target& target,
                                                   Services& services, const Snapshot& snapshot);

/// The same, waiting for names and connections. Tries each address of the target in turn.
/// `transport` overrides that of a UDP server (R39: large requests by TCP).
[[nodiscard]] transaction::Async<Result<Way>> reach(transaction::Loop& loop, Services& services,
                                                    SnapshotPtr snapshot, routing::Target target,
                                                    std::optional<Transport> transport);

/// Runs `reach` and tells the context by Reached{branch}.
[[nodiscard]] transaction::Task reach_for(transaction::Loop& loop, Services& services,
                                          SnapshotPtr snapshot, routing::Target target,
                                          std::optional<Transport> transport, std::size_t branch,
                                          transaction::MailboxRef<transaction::Event> context);

/// How long a connection to a target may take, and where a large request tries TCP first (R39).
inline constexpr std::chrono::milliseconds connect_bound{5000};
inline constexpr std::chrono::milliseconds tcp_first_bound{500};

} // namespace roundabout::proxy
