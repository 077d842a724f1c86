#pragma once

#include "routing/scene.hpp"
#include "routing/tokens.hpp"
#include "sip/message.hpp"
#include "sip/uri.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace roundabout::routing {

/// What the Route header fields of a request and its R-URI say once our own layer is taken off
/// (RFC 3261 §16.4; R13, R15, R16, R18).
struct RouteSet {
    std::size_t own = 0;              ///< how many Routes on top are ours, to be popped
    std::optional<RouteToken> token;  ///< the last popped authentic one: the destination
    std::optional<PathToken> path;    ///< the first popped Route is the Path URI of a client
    std::string_view next;            ///< the URI of the first Route left; empty if none
    std::optional<sip::Uri> next_uri; ///< the same parsed
    bool next_is_strict = false;      ///< it has no `lr`
    bool from_strict_router =
        false;                    ///< the R-URI is a Record-Route of ours: last Route replaces it
    std::string_view request_uri; ///< as received, or that last Route's URI
    std::optional<sip::Uri> uri;  ///< the same parsed; nothing if it can't be
    std::optional<ContactToken>
        contact; ///< the R-URI's own authentic token, innermost of at most 4
    bool malformed = false;
};

/// `scene` tells which hosts are ours; tokens are opened under the request's Call-ID.
[[nodiscard]] RouteSet read_route_set(const sip::Message& request, Scene& scene);

} // namespace roundabout::routing
