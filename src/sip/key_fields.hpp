#pragma once

#include "base/result.hpp"

#include <cstdint>

namespace roundabout::sip {

class Message;
struct CSeq;
struct NameAddr;
struct Via;

/// Where the parts of the values stand that nearly every step asks for: top Via, CSeq, From and To.
/// Noted when a message is indexed, so that top_via(), cseq(), from() and to() need not parse
/// again. As offsets and small, since messages are moved and each transaction holds one. Inside
/// this room only.
struct KeyFields {
    struct Place {
        std::uint16_t begin = 0;
        std::uint16_t size = 0;
    };
    struct TopVia {
        Place protocol, transport, sent_by, parameters, branch;
        std::uint16_t host_size = 0; ///< the host begins sent_by
        std::uint16_t port = 0;
    };
    struct Address {
        Place display, uri, parameters, tag;
    };

    TopVia via;
    Address from, to;
    Place cseq_method;
    std::uint32_t cseq_number = 0;
    // The first four are false where the field is missing or malformed or not within reach of a
    // Place: whoever asks for it has it parsed then.
    bool knows_via : 1 = false;
    bool knows_cseq : 1 = false;
    bool knows_from : 1 = false;
    bool knows_to : 1 = false;
    bool via_has_port : 1 = false;
    bool from_is_bracketed : 1 = false;
    bool to_is_bracketed : 1 = false;
};
// What a move of a message has to copy stays within what is copied without a call.
static_assert(sizeof(KeyFields) <= 68);

/// Of a message whose header is indexed and whose key fields are not noted yet.
[[nodiscard]] KeyFields find_key_fields(const Message& message) noexcept;

// What was noted, as parsing gave it; each only of a message that knows it.
[[nodiscard]] Result<Via> known_via(const Message& message) noexcept;
[[nodiscard]] Result<CSeq> known_cseq(const Message& message) noexcept;
[[nodiscard]] Result<NameAddr> known_from(const Message& message) noexcept;
[[nodiscard]] Result<NameAddr> known_to(const Message& message) noexcept;

} // namespace roundabout::sip
