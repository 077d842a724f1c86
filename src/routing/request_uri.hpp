#pragma once

#include "config/config.hpp"
#include "sip/uri.hpp"

#include <string>
#include <string_view>

namespace roundabout::routing {

/// The R-URI by which `server` is asked when a client named us: its first domain in place of the
/// host, without port and without the parameters that spoke of the way to us.
[[nodiscard]] std::string uri_at_server(const sip::Uri& uri, const config::TrustedServer& server);

/// A Contact as a Request-URI, where headers have no place (RFC 3261 §19.1.1, table 1). A view into
/// `text`.
[[nodiscard]] std::string_view without_headers(std::string_view text);

} // namespace roundabout::routing
