#pragma once

#include "base/flow.hpp"
#include "proxy/services.hpp"
#include "routing/decision.hpp"
#include "routing/source.hpp"
#include "sip/message.hpp"
#include "store/binding_store.hpp"
#include "transport/inbox.hpp"

#include <cstdint>
#include <vector>

namespace roundabout::proxy {

/// Who sent it, with the binding that its flow has. Of several the one whose AOR is the From's.
/// `proved`: as for routing::identify.
[[nodiscard]] routing::Source source_of(const sip::Message& request, const Flow& flow,
                                        const SubjectNames* proved, Services& services,
                                        const Snapshot& snapshot);

/// The loop hash of a request from that source (R29).
[[nodiscard]] std::uint64_t loop_of(const sip::Message& request, const routing::Source& source,
                                    const Services& services, const Snapshot& snapshot);

/// Asks routing, and the client cache for what routing has to know. What would be forwarded but has
/// been forwarded before, with everything the same, is to be answered 482 (R29).
[[nodiscard]] routing::Decision decide(const sip::Message& request, const routing::Source& source,
                                       const Flow& flow, Services& services,
                                       const Snapshot& snapshot);

/// What the two above, and whoever acts on them, ask the client cache about this request. While the
/// cache is not complete the store has to be asked as well; with more in the cache there may be
/// more to ask.
[[nodiscard]] std::vector<store::Lookup> lookups_for(const transport::Inbound& inbound,
                                                     Services& services, const Snapshot& snapshot);

} // namespace roundabout::proxy
