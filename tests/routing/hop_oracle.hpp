#pragma once

#include "routing/hop.hpp"
#include "sip/message.hpp"

#include <cstddef>
#include <string>

namespace roundabout::test {

/// What a hop was told to do with a message: all that may make it leave otherwise than it came.
struct Permitted {
    std::string via_head;       ///< our Via up to its branch: "SIP/2.0/TLS 192.0.2.1:5061"
    std::string received;       ///< stamped on the Via below
    std::uint16_t rport = 0;    ///< for an empty rport there
    std::string contact_host;   ///< host:port that Contacts name now; empty: they stay
    std::string request_uri;    ///< the new one; empty: it stays
    std::size_t pop_routes = 0; ///< Route values taken off
    bool record_routes = false; ///< two values were added, in one row
    bool drop_identity = false; ///< P-Asserted-Identity goes
    bool length = false;        ///< Content-Length is added where there was none
    std::string status_line;    ///< of a response: the new one; empty: it stays
};

/// Fails the running test unless `after` is the request `before` with the permitted changes and no
/// other: same rows in the same order, byte for byte but for what is named, same body.
void check_forwarded_request(const sip::Message& before, const sip::Message& after,
                             const Permitted& permitted);

/// The same of a response, which loses its top Via.
void check_forwarded_response(const sip::Message& before, const sip::Message& after,
                              const Permitted& permitted);

} // namespace roundabout::test
