#pragma once

#include "sip/message.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace roundabout::sip {

/// The reason phrase that RFC 3261 §21 and the registry give a status code; "Unknown" for others.
[[nodiscard]] std::string_view reason_phrase(std::uint16_t status) noexcept;

/// Numbers status codes without gaps, for tables: each that reason_phrase() knows has a number of
/// its own, the others of a class share one. 0: no status code, as a request has. O(1).
[[nodiscard]] std::size_t status_slot(std::uint16_t status) noexcept;
inline constexpr std::size_t status_slots = 82;
/// "200", "4xx" for the others of a class; empty for 0.
[[nodiscard]] std::string status_slot_name(std::size_t slot);

struct ResponseParts {
    std::uint16_t status = 500;
    // The initializers let a caller name only the parts that it has: without them clang warns.
    // NOLINTBEGIN(readability-redundant-member-init)
    std::string_view reason = {};   ///< empty: reason_phrase(status)
    std::string_view to_tag = {};   ///< added to a To without tag, except in a 100 (§8.2.6.2)
    std::string_view headers = {};  ///< whole extra lines, each with its CRLF
    std::string_view received = {}; ///< stamped on the top Via if not empty (bare address)
    // NOLINTEND(readability-redundant-member-init)
    std::uint16_t rport = 0;
};

/// A response of our own to `request` (RFC 3261 §8.2.6): all Vias, From, To, Call-ID, CSeq, the
/// Timestamp of a 100, Content-Length 0. Echoes what is there, even of a faulty request.
[[nodiscard]] std::string make_response(const Message& request, const ResponseParts& parts);

} // namespace roundabout::sip
