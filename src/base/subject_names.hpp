#pragma once

#include "base/endpoint.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace roundabout {

/// The subjectAltName entries of one certificate that can name a SIP peer, as they stand there.
/// Embedded NULs are kept, so that they compare unequal to everything sensible.
struct SubjectNames {
    std::vector<std::string> uris;    ///< uniformResourceIdentifier
    std::vector<std::string> dns;     ///< dNSName
    std::vector<IpAddress> addresses; ///< iPAddress of 4 or 16 bytes

    [[nodiscard]] bool empty() const noexcept {
        return uris.empty() && dns.empty() && addresses.empty();
    }
    friend bool operator==(const SubjectNames&, const SubjectNames&) = default;
};

/// The SIP domain identities that a certificate proves (RFC 5922 §7.1), in lower case: the host of
/// every `sip:` URI without userinfo; the dNSName entries only if there is no such URI. `sips:` and
/// other schemes prove nothing, nor does the subject's common name.
[[nodiscard]] std::vector<std::string> sip_identities(const SubjectNames& names);

/// True if the certificate is for `name`: a domain or host name, compared whole and without regard
/// to ASCII case, a wildcard being just an odd name (RFC 5922 §7.2); or an address (IPv6 with or
/// without brackets), which an iPAddress entry or a `sip:` URI with that host proves. An empty
/// `name` is never proved.
[[nodiscard]] bool proves_name(const SubjectNames& names, std::string_view name);

} // namespace roundabout
