#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace roundabout::sip {

struct FramerLimits {
    std::size_t header = std::size_t{64} * 1024;   ///< start line to blank line
    std::size_t message = std::size_t{256} * 1024; ///< header and body
};

/// Cuts a byte stream into messages (RFC 3261 §18.3) and keepalives (RFC 5626 §3.5.1, §5.4; R38).
/// Push bytes, then ask until it needs more. Holds at most one message and what was pushed after
/// it. No clock: the connection asks `in_message()` and keeps the deadline itself (R36).
///
/// Content-Length alone says where a message ends, by either name, in any case, folded or not; a
/// message without one has no body. It must be there on a stream (§20.14), but its absence leaves
/// nothing open: what follows the blank line is read as the next message.
class Framer {
  public:
    struct NeedMore {};
    /// CRLFCRLF between messages: the connection answers CRLF. Whatever the pushes were: where the
    /// first CRLF was all there was, it has been reported as a Pong, and a second one that comes
    /// directly after it still makes a Ping of the two. Two real Pongs in a row may thus be taken
    /// for a Ping; the CRLF that answers it is ignored by any peer (RFC 3261 §7.5), and as each
    /// answer takes two CRLFs, two such proxies soon fall silent.
    struct Ping {
        bool after_pong = false; ///< only its second CRLF is new: perhaps a Pong to our own
    };
    /// One CRLF between messages, or before a start line (§7.5): nothing is to be done.
    struct Pong {};
    /// A whole message: `index_message(bytes, Framing::stream)` comes next.
    struct Cut {
        std::string bytes;
    };
    /// The stream can't be followed any further and must be closed; pushes are ignored from now on.
    /// `head` is what was read of the message, the whole header where only its Content-Length is at
    /// fault, so that a request can still be answered. Errors: bad_content_length,
    /// content_length_mismatch, message_too_large, bare_line_feed, nul_in_header, not_sip.
    struct Broken {
        Error error = Error::none;
        std::string head;
    };
    using Event = std::variant<NeedMore, Ping, Pong, Cut, Broken>;

    explicit Framer(FramerLimits limits = {}) noexcept
        : limits_(limits) {}

    void push(std::string_view bytes);
    /// Amortised O(bytes pushed) over all calls: nothing is scanned twice. Once Broken, it is
    /// Broken for ever, with no head after the first time.
    [[nodiscard]] Event next();
    /// A message was begun and isn't complete. To be asked after `next()` said NeedMore.
    [[nodiscard]] bool in_message() const noexcept { return buffered() != 0; }
    [[nodiscard]] std::size_t buffered() const noexcept { return buffer_.size() - start_; }

  private:
    /// The Content-Length of a header being read.
    struct Length {
        std::optional<std::size_t> field; ///< where the value of the row being read begins
        std::optional<std::uint64_t> value;
        Error error = Error::none; ///< kept until the header is read, so that it can be answered
    };
    /// Offsets count from start_.
    struct Progress {
        std::size_t line = 0;     ///< where the line being read begins
        std::size_t searched = 0; ///< how far its end was searched for
        std::size_t expected = 0; ///< size of the message once its header is complete; 0 before
        bool nul = false;         ///< there is one, which only a quoted pair excuses
        Length length;
    };

    [[nodiscard]] std::string_view unread() const noexcept {
        return std::string_view(buffer_).substr(start_);
    }
    [[nodiscard]] Event between_messages();
    [[nodiscard]] Event in_header();
    [[nodiscard]] Event after_header(std::size_t header_size);
    [[nodiscard]] Event cut();
    [[nodiscard]] Event break_off(Error error, std::size_t head_size);
    /// One line of the header, without its CRLF; begins at progress_.line.
    void read_line(std::string_view line);
    void close_length_field();

    FramerLimits limits_;
    std::string buffer_;
    std::size_t start_ = 0; ///< first byte not handed out
    Progress progress_;
    bool after_crlf_ = false; ///< a single CRLF was the last thing handed out
    Error broken_ = Error::none;
};

} // namespace roundabout::sip
