#pragma once

#include "base/flow.hpp"
#include "proxy/services.hpp"
#include "routing/decision.hpp"
#include "routing/source.hpp"
#include "sip/message.hpp"

namespace roundabout::proxy {

/// Who sent it, with the binding that its flow has. Of several the one whose AOR is the From's.
[[nodiscard]] routing::Source source_of(const sip::Message& request, const Flow& flow,
                                        Services& services, const Snapshot& snapshot);

/// Asks routing, and the client cache for what routing has to know.
[[nodiscard]] routing::Decision decide(const sip::Message& request, const routing::Source& source,
                                       const Flow& flow, Services& services,
                                       const Snapshot& snapshot);

} // namespace roundabout::proxy
