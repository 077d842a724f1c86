#pragma once

#include "base/endpoint.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace roundabout::transport {

/// The header that a proxy in front of us puts before a connection's own bytes (PROXY protocol of
/// HAProxy, versions 1 and 2), as far as it is here.
struct ProxyHeader {
    /// How many more bytes are surely part of it: so many may be read without touching what follows
    /// it. 0: it is complete.
    std::size_t wanted = 0;
    /// Who connected to that proxy. Nothing where it does not say (`UNKNOWN`, `LOCAL`, UNSPEC, a
    /// UNIX socket): the connection then speaks for itself, as a health check does.
    std::optional<Endpoint> source;
};

/// Looks at the bytes read so far, none at first; pure. Both versions bound a header's size; we
/// take up to 4096 bytes of addresses and TLVs in version 2, and check its CRC32c if it has one.
/// Error: bad_proxy_header, as soon as the bytes can't become a header.
[[nodiscard]] Result<ProxyHeader> read_proxy_header(std::string_view bytes);

} // namespace roundabout::transport
