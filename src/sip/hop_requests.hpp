#pragma once

#include "sip/message.hpp"

#include <string>
#include <string_view>

namespace roundabout::sip {

// The two requests that a client transaction makes by itself, from the INVITE as it sent it. They
// belong to one hop: same Request-URI, same branch, same Routes, so that the next element finds the
// INVITE by them. `invite` has no defect, as what we sent; `index_message()` makes it of kept
// bytes.

/// The ACK for a 300 to 699 (RFC 3261 §17.1.1.3): Request-URI, top Via, Call-ID, From, CSeq number
/// and Route rows of `invite`, To of `response` (the INVITE's own where the response's can't be
/// copied safely), Max-Forwards 70, no body.
[[nodiscard]] std::string make_ack(const Message& invite, const Message& response);

/// The CANCEL for `invite` (RFC 3261 §9.1): as above, with the INVITE's own To; neither Require nor
/// Proxy-Require. It may leave only after a 1xx came (R20): the caller's concern.
[[nodiscard]] std::string make_cancel(const Message& invite);

/// What of an INVITE these two, and `make_response` but for a 100, are made of: its Request-URI,
/// Via, Route, From, To, Call-ID and CSeq rows as they stand, without body. A request that rings
/// needs no more of itself. To be indexed as a datagram. O(size).
[[nodiscard]] std::string header_of_hop(const Message& invite);

/// The same from the bytes of one without defect, without an index; of Via the first row alone,
/// which is ours.
[[nodiscard]] std::string header_of_hop(std::string_view invite);

} // namespace roundabout::sip
