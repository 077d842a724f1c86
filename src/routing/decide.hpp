#pragma once

#include "routing/decision.hpp"
#include "routing/scene.hpp"
#include "routing/source.hpp"
#include "sip/message.hpp"

#include <variant>

namespace roundabout::routing {

/// What is done with a request that `sip::check_message` found well formed (RFC 3261 §16.3 to
/// §16.5; design: Trust, Registrations). Touches nothing. Where a binding has to be known that
/// `facts` lacks, it says so and is called again with the answer; at most two questions are asked.
/// `listener` is the one the request came in by. ACK is decided like any other request; that it is
/// never answered is the caller's business.
[[nodiscard]] std::variant<Decision, Need> decide(const sip::Message& request, const Source& source,
                                                  ListenerIndex listener, Scene& scene,
                                                  const Facts& facts);

} // namespace roundabout::routing
