#pragma once

#include "base/result.hpp"
#include "sip/uri.hpp"

#include <string>
#include <string_view>

namespace roundabout::registration {

/// The canonical form of an address-of-record, by which bindings of one user are found together
/// (RFC 3261 §10.3 step 5): "sip:user@host" or "sip:user@host:port". URI parameters, headers and
/// the password are dropped; sips counts as sip; the host is lower case, an IPv6 address in its
/// shortest form. The user is unescaped and escaped again where it must be, so that "%61" and "a"
/// are one user, while "%00" stays three characters and never cuts a string short.
/// Errors: bad_request_uri if `uri` is no URI, unsupported_scheme if it is neither sip nor sips.
[[nodiscard]] Result<std::string> canonical_aor(std::string_view uri);
[[nodiscard]] Result<std::string> canonical_aor(const sip::Uri& uri);

/// The unescaped user of a canonical AOR; empty for one that is a host only. May hold any byte.
[[nodiscard]] std::string user_of_aor(std::string_view canonical);

/// The inverse: an unescaped user as it stands in a canonical AOR.
[[nodiscard]] std::string escaped_user(std::string_view user);

} // namespace roundabout::registration
