#pragma once

#include <cstdint>
#include <string_view>

namespace roundabout::sip {

/// Header fields that a proxy reads or edits. All others are `other` and pass byte for byte (R37).
enum class HeaderId : std::uint8_t {
    other,
    via,
    from,
    to,
    call_id,
    cseq,
    contact,
    max_forwards,
    max_breadth,
    route,
    record_route,
    path,
    service_route,
    content_length,
    content_type,
    expires,
    min_expires,
    require,
    proxy_require,
    supported,
    unsupported,
    authorization,
    proxy_authorization,
    www_authenticate,
    proxy_authenticate,
    p_asserted_identity,
    user_agent,
    timestamp,
    retry_after,
};

/// By full or compact name, in any case (RFC 3261 §7.3.1, §7.3.3). O(1).
[[nodiscard]] HeaderId parse_header_id(std::string_view name) noexcept;

/// The full name, as we write it; empty for `other`.
[[nodiscard]] std::string_view name(HeaderId id) noexcept;

} // namespace roundabout::sip
