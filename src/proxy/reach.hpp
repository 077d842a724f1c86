#pragma once

#include "proxy/candidates.hpp"
#include "proxy/dialling.hpp"
#include "proxy/services.hpp"
#include "proxy/snapshot.hpp"
#include "routing/decision.hpp"
#include "transaction/events.hpp"
#include "transaction/loop/async.hpp"
#include "transaction/loop/task.hpp"

#include <cstddef>
#include <memory>
#include <optional>

namespace roundabout::proxy {

/// The way to a client, as reach_now() gives it.
[[nodiscard]] Result<Way> client_way(const routing::ClientPlace& place, Services& services,
                                     const Snapshot& snapshot);

/// The candidates of one target while it is being reached; whoever waits for the way has a share.
using CandidatesPtr = std::shared_ptr<Candidates>;

/// Candidates for the requests of that call, still empty. For a client they stay so. `sends`: a
/// request is sent to them, so that a place which failed may be tried by it.
[[nodiscard]] CandidatesPtr candidates_for(const sip::Message& request, const Services& services,
                                           bool sends = true);

/// The way to a target that needs no waiting: a UDP pair, or a client's connection. Errors:
/// flow_closed (a client whose flow is gone and has no new one), not_listening. Nothing if it takes
/// a connection or a name look-up: then `reach` is for it. Finds `candidates` if they are empty,
/// else goes on at their current place; passes over those for which there is no listener.
[[nodiscard]] std::optional<Result<Way>> reach_now(const routing::Target& target,
                                                   Candidates& candidates, Services& services,
                                                   const Snapshot& snapshot);

/// Finds where a target that is no client may be reached, asking DNS where the snapshot does not
/// know it yet, if `candidates` are empty. False: nowhere.
[[nodiscard]] transaction::Async<bool> find_places(transaction::Loop& loop, Services& services,
                                                   SnapshotPtr snapshot, routing::Target target,
                                                   CandidatesPtr candidates);

/// As reach_now(), waiting for names and connections. A place that can't be connected to is
/// remembered as failed, and the next one is tried. `transport` overrides that of a UDP server
/// (R39: large requests by TCP); then only the current place is tried, and nothing remembered.
[[nodiscard]] transaction::Async<Result<Way>> reach(transaction::Loop& loop, Services& services,
                                                    SnapshotPtr snapshot, routing::Target target,
                                                    CandidatesPtr candidates,
                                                    std::optional<Transport> transport);

/// Runs `reach` and tells the context by Reached{branch}.
[[nodiscard]] transaction::Task reach_for(transaction::Loop& loop, Services& services,
                                          SnapshotPtr snapshot, routing::Target target,
                                          CandidatesPtr candidates,
                                          std::optional<Transport> transport, std::size_t branch,
                                          transaction::MailboxRef<transaction::Event> context);

/// That place has failed: it is tried after the others for a while. `wait`: as long as it asks for
/// itself, in seconds (Retry-After of a 503), ten minutes at most; 0: as configured.
void remember_failed(const Candidate& place, Services& services, const Snapshot& snapshot,
                     std::uint32_t wait);

} // namespace roundabout::proxy
