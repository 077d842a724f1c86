#pragma once

#include "base/result.hpp"
#include "sip/message.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace roundabout::sip {

/// How the bytes came, which decides what Content-Length means (RFC 3261 §18.3, RFC 7118 §4.2;
/// R35).
enum class Framing : std::uint8_t {
    datagram,  ///< excess is noise, a shortfall is 400, none given: the body is the rest
    stream,    ///< the framer has cut the bytes by it; none given: no body
    websocket, ///< one message; may be absent; excess and shortfall are both 400
};

struct IndexLimits {
    std::uint32_t headers = 256; ///< rows
};

/// Finds start line, header rows and body. One pass over the header; of the values only the key
/// fields (key_fields.hpp) are parsed, whatever that gives.
/// Gives a message even where it is faulty, as long as a start line shows request or response: the
/// fault is kept as `defect()`, so that a request can be answered. Empty lines before the start
/// line are taken off (RFC 3261 §7.5). Errors: not_sip; bad_status_code for a response whose code
/// is not 100 to 699 (nobody answers a response); message_too_large beyond 4 GiB.
[[nodiscard]] Result<Message> index_message(std::string bytes, Framing framing,
                                            IndexLimits limits = {});

/// Why a message can't be processed, and what a request with that fault is owed.
struct Rejection {
    std::uint16_t status = 400;
    Error error = Error::none;
    std::string_view field; ///< the header field at fault; empty for the start line
};

/// The checks of RFC 3261 §8.2, §16.3 step 1 and 18.3 that need no policy: version (505),
/// structure, mandatory and repeated fields, Via, CSeq and its method (501 where the method is
/// unknown too), From, To, Contact, Route, Max-Forwards, Content-Length (R36). Does not judge the
/// R-URI's scheme (416) nor Proxy-Require (420): those are routing's. For a response any rejection
/// means: drop.
[[nodiscard]] std::optional<Rejection> check_message(const Message& message);

} // namespace roundabout::sip
