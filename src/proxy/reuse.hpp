#pragma once

#include "config/config.hpp"
#include "routing/source.hpp"
#include "transport/flow_table.hpp"
#include "transport/inbox.hpp"

#include <optional>

namespace roundabout::proxy {

/// Whether the connection that a request came by may carry requests to its sender (RFC 5923, R40),
/// and for which target then. It must have been opened by a trusted server, be of the transport by
/// which that is reached, and have the server's name proved by a certificate where there is TLS. By
/// `reuse_inbound` the request's Via must also say `alias`; the port at which the sender listens is
/// then that of its sent-by, else the one in its entry. Without TLS the address alone counts, and
/// only for "always". Pure.
[[nodiscard]] std::optional<transport::LentFor> lent_for(const transport::Inbound& request,
                                                         const routing::Source& source,
                                                         const config::Config& config);

} // namespace roundabout::proxy
