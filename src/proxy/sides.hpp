#pragma once

#include "base/flow.hpp"
#include "proxy/snapshot.hpp"
#include "routing/decision.hpp"
#include "routing/hop.hpp"
#include "routing/source.hpp"
#include "routing/tokens.hpp"

namespace roundabout::proxy {

/// Where the sender of a request is, as tokens keep it.
[[nodiscard]] routing::Place place_of(const routing::Source& source, const Flow& flow,
                                      const Snapshot& snapshot, const routing::Tokens& tokens);

/// Where a target is, once it is reached by `flow`.
[[nodiscard]] routing::Place place_of(const routing::Target& target, const Flow& flow,
                                      const Snapshot& snapshot, const routing::Tokens& tokens);

/// How the messages of a hop speak of us on the side of `flow`.
[[nodiscard]] routing::HopSide side_of(const Flow& flow, routing::Place place,
                                       config::ServerIndex server, const Snapshot& snapshot);

/// The trusted server that a target is, or no_server.
[[nodiscard]] config::ServerIndex server_of(const routing::Target& target) noexcept;

} // namespace roundabout::proxy
