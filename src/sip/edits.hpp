#pragma once

#include "base/transport.hpp"
#include "sip/message.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace roundabout::sip {

/// The changes that one hop makes to a message, as splices over the received bytes. Only what
/// is named here can differ in what leaves (design: Message and edits). Collect, then `apply()`
/// once, just before sending. The message must outlive the edits; replaced texts are copied in.
class Edits {
  public:
    explicit Edits(const Message& message) noexcept : message_(&message) {}

    /// Replaces `span` by `text`; an empty span inserts, an empty text removes. Spans must not
    /// overlap; insertions at one place keep their order.
    void replace(Span span, std::string_view text);

    void set_request_uri(std::string_view uri);
    /// One less, or a new field with 70 where there is none (RFC 3261 §16.6 step 3; R31).
    void decrement_max_forwards();
    /// A new row above all rows of that header, or above all headers where there is none.
    void prepend(HeaderId id, std::string_view value);
    /// A new row just before the blank line.
    void append(HeaderId id, std::string_view value);
    /// Takes away the first `count` values of a header, over rows and commas, row and all where a
    /// row becomes empty.
    void remove_first_values(HeaderId id, std::size_t count);
    /// Takes away the last value of a header (strict routing, §16.4).
    void remove_last_value(HeaderId id);
    /// All rows of that header.
    void remove_all(HeaderId id);
    /// Puts `received` (bare address, R45) and a value to an empty `rport` into the top Via
    /// (RFC 3261 §18.2.1, RFC 3581 §4). `received` is written always, as R34 has it; a received
    /// parameter that the sender wrote itself is replaced.
    void stamp_top_via(std::string_view received, std::uint16_t port);
    /// The URI inside one Contact (or other name-addr) value; `<>` are added where the value was
    /// in addr-spec form, so that header parameters stay header parameters (R7).
    /// `value` must be a view into the message.
    void replace_uri(std::string_view value, std::string_view uri);
    void set_status(std::uint16_t status, std::string_view reason);

    /// The message as it leaves: splices applied in one pass into one buffer; bytes beyond the body
    /// are cut; Content-Length is added where the way out needs one and there is none (R35).
    /// O(bytes + splices log splices). `extra` bytes are reserved by the caller's knowledge.
    [[nodiscard]] std::string apply(bool add_content_length) const;

    [[nodiscard]] const Message& message() const noexcept { return *message_; }

  private:
    struct Splice {
        Span span;
        std::uint32_t order;     ///< insertion order, for ties
        std::uint32_t text_begin; ///< in arena_
        std::uint32_t text_size;
    };
    const Message* message_;
    std::vector<Splice> splices_;
    std::string arena_;
};

} // namespace roundabout::sip
