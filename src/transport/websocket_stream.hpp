#pragma once

#include "transport/byte_stream.hpp"
#include "transport/message_stream.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace roundabout::transport {

/// Bounds of one WebSocket connection.
struct WebSocketLimits {
    std::size_t message = std::size_t{256} * 1024; ///< bytes of one message, its fragments together
    std::size_t header = std::size_t{16} * 1024;   ///< bytes of the HTTP request
    std::chrono::milliseconds handshake{10'000};   ///< for the whole HTTP exchange
    /// From a message's first byte to its last, whatever control frames come between (R36). Ended
    /// when it is noticed, within twice that time.
    std::chrono::milliseconds unfinished{30'000};
    /// The connection ends with idle_timeout if nothing is heard for so long; zero: never. With
    /// `keepalive` a ping is sent when half of it has passed.
    std::chrono::milliseconds idle{120'000};
    bool keepalive = true;
};

/// What a WebSocket listener asks of those who connect.
struct WebSocketRules {
    WebSocketLimits limits;
    std::string path; ///< the only path served, compared without the query; empty: any
    /// Allowed Origin values, compared without regard to ASCII case; empty: any. A request without
    /// Origin does not come from a web page (RFC 6455 §4.2.1) and is let in.
    std::vector<std::string> origins;
    /// Where the connection comes from a trusted proxy: all that are, and its X-Forwarded-For says
    /// who is behind it. Empty: that header means nothing.
    std::vector<Network> trusted_proxies;
};

/// What an accepted handshake said, as it stood there.
struct WebSocketRequest {
    std::string path; ///< the request target, query included
    std::string host;
    std::string origin; ///< empty: none
    /// Who is behind a trusted proxy, if it says so.
    std::optional<IpAddress> forwarded_for;
};

/// SIP over WebSocket (RFC 7118, R35, R44). Messages may come as text or binary; they leave as text
/// if they are valid UTF-8, else as binary. Pings are answered. A message of one or two CRLF comes
/// out as pong or ping, an empty one as pong. Longer messages than the limit end the stream with
/// message_too_large, slower ones with header_timeout, and frames that break RFC 6455 with
/// bad_frame.
class WebSocketStream : public MessageStream {
  public:
    /// Empty strings on the connecting side.
    [[nodiscard]] virtual const WebSocketRequest& request() const noexcept = 0;
    /// The connection below, for its addresses and what its TLS peer proved.
    [[nodiscard]] virtual const ByteStream& bytes() const noexcept = 0;
};

/// Serves the handshake on a connection whose TLS handshake, if any, is done. Whoever does not ask
/// for a WebSocket with subprotocol `sip` by the rules gets an answer with a line of text (400,
/// 403, 404, 426, 431) and the connection ends. Errors: subprotocol_missing, handshake_failed,
/// bad_forwarded_for, message_too_large (header), header_timeout, flow_closed.
boost::asio::awaitable<Result<std::unique_ptr<WebSocketStream>>>
accept_websocket(ByteStream stream, WebSocketRules rules);

/// Asks for a WebSocket on a connection whose TLS handshake, if any, is done. `host` as the Host
/// header wants it (IPv6 in brackets, the port where it isn't the default). An answer's header may
/// have 1536 bytes. Errors: subprotocol_missing, handshake_failed, connect_timeout, flow_closed.
boost::asio::awaitable<Result<std::unique_ptr<WebSocketStream>>>
connect_websocket(ByteStream stream, std::string host, std::string path, WebSocketLimits limits);

} // namespace roundabout::transport
