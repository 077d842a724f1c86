#pragma once

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
        bool has_port = false;
    };
    struct Address {
        Place display, uri, parameters, tag;
        bool bracketed = false;
    };

    TopVia via;
    Address from, to;
    Place cseq_method;
    std::uint32_t cseq_number = 0;
    // False where the field is missing or malformed or not within reach of a Place: whoever asks
    // for it has it parsed then.
    bool knows_via = false;
    bool knows_cseq = false;
    bool knows_from = false;
    bool knows_to = false;
};

/// Of a message whose header is indexed and whose key fields are not noted yet.
[[nodiscard]] KeyFields find_key_fields(const Message& message) noexcept;

// What was noted, as parsing gave it; each only of a message that knows it.
[[nodiscard]] Via known_via(const Message& message) noexcept;
[[nodiscard]] CSeq known_cseq(const Message& message) noexcept;
/// `known` is the message's From or To.
[[nodiscard]] NameAddr known_address(const Message& message,
                                     const KeyFields::Address& known) noexcept;

} // namespace roundabout::sip
