#pragma once

#include "transport/connection.hpp"
#include "transport/websocket_stream.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <optional>
#include <string>

namespace roundabout::transport {

/// A coroutine that can be interrupted, by a deadline or from above. What it awaits then ends with
/// operation_aborted; it looks at interrupted() after each step.
class Attempt {
  public:
    explicit Attempt(boost::asio::io_context& io) noexcept
        : io_(&io) {}

    /// For TaskGroup::spawn.
    [[nodiscard]] const std::shared_ptr<boost::asio::cancellation_signal>& cancel() const noexcept {
        return cancel_;
    }
    [[nodiscard]] bool interrupted() const noexcept { return interrupted_; }

    void interrupt() {
        interrupted_ = true;
        cancel_->emit(boost::asio::cancellation_type::terminal);
        // co_spawn may pass the signal on by a handler of its own, which must find it alive.
        boost::asio::post(*io_, [kept = cancel_] {});
    }

  private:
    boost::asio::io_context* io_;
    std::shared_ptr<boost::asio::cancellation_signal> cancel_ =
        std::make_shared<boost::asio::cancellation_signal>();
    bool interrupted_ = false;
};

/// Reads the PROXY header that a connection begins with, and nothing beyond it: who is behind the
/// proxy, or nothing where it speaks for itself. `socket` is the caller's until this returns.
/// Errors: bad_proxy_header; flow_closed if the connection ended or the attempt was interrupted.
boost::asio::awaitable<Result<std::optional<Endpoint>>>
read_source(boost::asio::ip::tcp::socket& socket);

/// From a connected socket to messages on the accepting side: TLS, then the WebSocket handshake by
/// `rules`, as `flow.transport` asks. The flow's remote address becomes that of who is behind a
/// trusted proxy. Errors: those of ByteStream and accept_websocket.
boost::asio::awaitable<Result<Opened>> accept_handshakes(boost::asio::io_context& io,
                                                         ByteStream stream, Flow flow,
                                                         StreamLimits limits, WebSocketRules rules);

/// The same on the opening side. `host` and `path` are for the WebSocket handshake.
boost::asio::awaitable<Result<Opened>>
connect_handshakes(boost::asio::io_context& io, ByteStream stream, Flow flow, StreamLimits limits,
                   WebSocketLimits websocket, std::string host, std::string path);

} // namespace roundabout::transport
