#pragma once

#include "base/endpoint.hpp"

#include <string>
#include <string_view>

namespace roundabout::transport {

/// True for bytes that can only be STUN, never SIP: the two top bits are 0 and the magic cookie
/// stands in its place (RFC 8489 §5, §6.3). O(1).
[[nodiscard]] bool is_stun(std::string_view datagram) noexcept;

/// The answer to a STUN binding request that came to the SIP port from `source`, as RFC 5626 §4.4.2
/// and §8 want it; empty if none is owed: no request, not Binding, malformed, or a FINGERPRINT that
/// is wrong.
///
/// A success response with XOR-MAPPED-ADDRESS (RFC 8489 §14.2), or, where the request has an
/// unknown comprehension-required attribute, 420 with UNKNOWN-ATTRIBUTES (§6.3.1). FINGERPRINT is
/// added where the request had one (§14.7). Credentials are not checked: none are agreed on for
/// keepalives (RFC 5626 §8), so USERNAME and MESSAGE-INTEGRITY are passed over.
[[nodiscard]] std::string answer_stun(std::string_view datagram, const Endpoint& source);

} // namespace roundabout::transport
