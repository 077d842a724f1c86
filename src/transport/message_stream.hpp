#pragma once

#include "base/result.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace roundabout::transport {

/// One thing that a connection delivered.
struct Frame {
    enum class Kind : std::uint8_t {
        message, ///< `bytes` is one whole SIP message
        ping,    ///< CRLFCRLF: the connection owes a CRLF (R38)
        pong,
    };
    Kind kind = Kind::message;
    std::string bytes;
    bool after_pong = false; ///< of a ping: half of it has come as a pong (sip::Framer::Ping)
};

/// A connected, framed stream, both ways at once: SIP over TCP or TLS cut by Content-Length, or SIP
/// over WebSocket, a message a WebSocket message (R35). One coroutine reads, one writes; neither
/// call may overlap with itself. All on one worker's io_context.
class MessageStream {
  public:
    virtual ~MessageStream() = default;

    /// The next frame. An error ends the stream: flow_closed (the peer's orderly end included),
    /// idle_timeout, header_timeout, message_too_large and the framing errors. For a framing error
    /// `broken_head()` holds what was read of the message.
    virtual boost::asio::awaitable<Result<Frame>> read() = 0;

    /// Writes one whole message (or a keepalive) or fails. `bytes` stays valid until it returns.
    virtual boost::asio::awaitable<Result<void>> write(std::string_view bytes) = 0;

    /// Ends both directions at once without waiting; pending read() and write() return flow_closed.
    virtual void close() noexcept = 0;

    [[nodiscard]] virtual std::string_view broken_head() const noexcept { return {}; }

    /// When bytes last came from the peer; nothing where the stream itself sees to keepalives.
    [[nodiscard]] virtual std::optional<std::chrono::steady_clock::time_point> heard() const {
        return std::nullopt;
    }
};

} // namespace roundabout::transport
