#pragma once

#include "base/flow.hpp"
#include "proxy/snapshot.hpp"
#include "registration/register_rules.hpp"
#include "routing/decision.hpp"
#include "routing/hop.hpp"
#include "routing/source.hpp"
#include "routing/tokens.hpp"

#include <optional>

namespace roundabout::proxy {

/// Where the sender of a request is, as tokens keep it.
[[nodiscard]] routing::Place place_of(const routing::Source& source, const Flow& flow,
                                      const Snapshot& snapshot);

/// Where a target is, once it is reached by `flow`.
[[nodiscard]] routing::Place place_of(const routing::Target& target, const Flow& flow,
                                      const Snapshot& snapshot);

/// The client at `flow`, as the Path of its REGISTER keeps it; nothing if that goes without one.
/// Among several Contacts the first that stays tells where the client is once the flow is gone.
[[nodiscard]] std::optional<routing::PathToken> path_of(const registration::RegisterPlan& plan,
                                                        const Flow& flow, const Snapshot& snapshot,
                                                        const routing::Tokens& tokens);

/// How the messages of a hop speak of us on the side of `flow`.
[[nodiscard]] routing::HopSide side_of(const Flow& flow, routing::Place place,
                                       config::ServerIndex server, const Snapshot& snapshot);

/// How often, in seconds, the peer of a flow is to keep it alive if it asks (RFC 6223): as often as
/// we would. 0: unsaid.
[[nodiscard]] std::uint32_t keep_of(const Flow& flow, const config::Config& config) noexcept;

/// The trusted server that a target is, or no_server.
[[nodiscard]] config::ServerIndex server_of(const routing::Target& target) noexcept;

} // namespace roundabout::proxy
