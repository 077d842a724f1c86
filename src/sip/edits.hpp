#pragma once

#include "sip/inline_list.hpp"
#include "sip/message.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace roundabout::sip {

/// The changes that one hop makes to a message, as splices over the received bytes. Only what
/// is named here can differ in what leaves (design: Message and edits). Collect, then `apply()`
/// once, just before sending. The message must outlive the edits; replaced texts are copied in.
///
/// Every edit looks at the message as it was received: a row that an edit adds is not seen by those
/// that follow. Where two meet, removing wins over changing what is inside, and rows added above a
/// removed one stay. A typical hop costs two allocations.
class Edits {
  public:
    explicit Edits(const Message& message) noexcept
        : message_(&message) {}

    /// Replaces `span` by `text`; an empty span inserts, an empty text removes. Spans must not
    /// overlap, but a span replaced again takes the later text. Insertions at one place keep their
    /// order, and stand before a replacement that begins there.
    void replace(Span span, std::string_view text);

    void set_request_uri(std::string_view uri);
    /// One less, or a new field with 70 where there is none (RFC 3261 §16.6 step 3; R31). 0 stays
    /// 0: it is answered, not forwarded. A malformed value stays as it is.
    void decrement_max_forwards();
    /// A new row above all rows of that header, or above all headers where there is none. Of two
    /// calls the first one's row is on top.
    void prepend(HeaderId id, std::string_view value);
    /// A new row just before the blank line.
    void append(HeaderId id, std::string_view value);
    /// Takes away the first `count` values of a header, over rows and commas, row and all where a
    /// row becomes empty. Called again, it takes away the next ones.
    void remove_first_values(HeaderId id, std::size_t count);
    /// Takes away the last value of a header (strict routing, §16.4). Called again, the one before.
    void remove_last_value(HeaderId id);
    /// All rows of that header.
    void remove_all(HeaderId id);
    /// Puts `received` (bare address, R45) and a value to an empty `rport` into the top Via
    /// (RFC 3261 §18.2.1, RFC 3581 §4). `received` is written always, as R34 has it; a received
    /// parameter that the sender wrote itself is replaced. `keep` as in append_stamped_via.
    void stamp_top_via(std::string_view received, std::uint16_t port, std::uint32_t keep = 0);
    /// The URI inside one Contact (or other name-addr) value; `<>` are added where the value was
    /// in addr-spec form, so that header parameters stay header parameters (R7).
    /// `value` must be a view into the message. Nothing happens if it can't be parsed.
    void replace_uri(std::string_view value, std::string_view uri);
    /// The code and the phrase of a response's status line.
    void set_status(std::uint16_t status, std::string_view reason);

    /// The message as it leaves: splices applied in one pass into one buffer; bytes beyond the body
    /// are cut; Content-Length is added where the way out needs one and there is none (R35).
    /// O(bytes + splices).
    [[nodiscard]] std::string apply(bool add_content_length) const;

    [[nodiscard]] const Message& message() const noexcept { return *message_; }

  private:
    /// Kept in the order of apply(): by begin; at one place insertions first, then the longer span.
    struct Splice {
        Span span;
        std::uint32_t text_begin; ///< in arena_
        std::uint32_t text_size;
    };
    /// How many values of a header go, counted from its ends.
    struct Taken {
        HeaderId id;
        std::size_t first;
        std::size_t last;
    };

    /// False inside of what went before `at`, and in the body, which is never touched (R23).
    [[nodiscard]] bool applies(const Splice& splice, std::uint32_t at) const noexcept;
    /// Of what leaves, but for a Content-Length that is added: a call that rings keeps that text,
    /// so it gets no spare room.
    [[nodiscard]] std::size_t size_without_length() const noexcept;
    /// Where a text that is now put at the end of the arena begins.
    [[nodiscard]] std::size_t begin_text();
    /// The text is what was put into the arena from `text_begin` on.
    void add(Span span, std::size_t text_begin);
    void insert_row(std::uint32_t at, HeaderId id, std::string_view value);
    /// Adds to what is taken from a header, and makes splices of all of it.
    void take_values(HeaderId id, std::size_t first, std::size_t last);
    /// Removes the first values, as many as were `taken` before and `more`. Gives how many there
    /// are of these. Looks at no value behind the next one.
    [[nodiscard]] std::size_t take_first_values(HeaderId id, std::size_t taken, std::size_t more);
    /// Removes the values of one row but those from `begin` to before `end`.
    void keep_values(const HeaderField& row, std::size_t begin, std::size_t end);

    const Message* message_;
    InlineList<Splice, 16> splices_;
    InlineList<Taken, 4> taken_;
    std::string arena_;
};

} // namespace roundabout::sip
