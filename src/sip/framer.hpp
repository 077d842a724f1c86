#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace roundabout::sip {

struct FramerLimits {
    std::size_t header = 64U * 1024U;
    std::size_t message = 256U * 1024U; ///< header and body
};

/// Cuts a byte stream into messages (RFC 3261 §18.3) and keepalives (RFC 5626 §3.5.1, §4.4.1; R38).
/// Push bytes, then ask until it needs more. Holds at most one message and what was pushed after it.
/// No clock: the connection asks `in_message()` and keeps the deadline itself (R36).
class Framer {
  public:
    struct NeedMore {};
    struct Ping {}; ///< CRLFCRLF between messages: the connection answers CRLF
    struct Pong {}; ///< one CRLF between messages
    /// A whole message: `index_message(bytes, Framing::stream)` comes next.
    struct Cut {
        std::string bytes;
    };
    /// The stream can't be followed any further and must be closed. `head` is what was read of the
    /// message, so that a request can still be answered. Errors: bad_content_length,
    /// content_length_mismatch, message_too_large, bare_line_feed, nul_in_header, not_sip.
    struct Broken {
        Error error = Error::none;
        std::string head;
    };
    using Event = std::variant<NeedMore, Ping, Pong, Cut, Broken>;

    explicit Framer(FramerLimits limits = {}) noexcept : limits_(limits) {}

    void push(std::string_view bytes);
    /// Amortised O(bytes pushed) over all calls: nothing is scanned twice.
    [[nodiscard]] Event next();
    /// A message was begun and isn't complete.
    [[nodiscard]] bool in_message() const noexcept;
    [[nodiscard]] std::size_t buffered() const noexcept { return buffer_.size() - start_; }

  private:
    FramerLimits limits_;
    std::string buffer_;
    std::size_t start_ = 0;   ///< first byte not handed out
    std::size_t scanned_ = 0; ///< how far the search for the blank line has come
    std::size_t expected_ = 0; ///< size of the message once its header is complete; 0 before
    bool broken_ = false;
};

} // namespace roundabout::sip
