#pragma once

#include "base/flow.hpp"
#include "proxy/snapshot.hpp"
#include "routing/keys.hpp"
#include "sip/message.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace roundabout::proxy {

/// A response of our own, with a To tag that is the same for each retransmission of the request
/// (RFC 3261 §8.2.6, §8.2.7). `headers`: whole extra lines.
[[nodiscard]] std::string own_response(const sip::Message& request, const Flow& flow,
                                       std::uint16_t status, std::string_view headers,
                                       const routing::KeyRing& keys);

/// What our branch says of the listener that a request came in by.
[[nodiscard]] std::uint16_t listener_tag(const Flow& flow, const Snapshot& snapshot) noexcept;

} // namespace roundabout::proxy
