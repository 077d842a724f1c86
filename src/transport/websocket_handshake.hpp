#pragma once

#include "base/error.hpp"
#include "transport/websocket_stream.hpp"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace roundabout::transport {

using HttpRequest = boost::beast::http::request<boost::beast::http::empty_body>;

/// Why a handshake is not accepted, and how that is answered.
struct HandshakeRefusal {
    unsigned status = 400;
    std::string_view text; ///< one sentence for the body, without line end
    Error why = Error::handshake_failed;
};

/// Judges the opening handshake of a client (RFC 6455 §4.2.1, RFC 7118 §4, R44); nothing if it is
/// acceptable. 426: no upgrade to WebSocket, or to another version than 13. 404: the path. 403: the
/// Origin. 400: no key, no subprotocol `sip`, a trusted proxy's X-Forwarded-For of nonsense.
[[nodiscard]] std::optional<HandshakeRefusal> judge_handshake(const HttpRequest& request,
                                                              const WebSocketRules& rules);

/// Who is behind the trusted proxy that sent this request; nothing if no proxy is trusted, or if it
/// does not say. Error: bad_forwarded_for.
[[nodiscard]] Result<std::optional<IpAddress>> forwarded_for(const HttpRequest& request,
                                                             const WebSocketRules& rules);

/// True if the rows of Sec-WebSocket-Protocol, each a list of tokens (RFC 6455 §11.3.4), name `sip`
/// in any case.
[[nodiscard]] bool offers_sip(const boost::beast::http::fields& header);

/// The whole HTTP answer; it says that the connection ends.
[[nodiscard]] std::string refusal_text(const HandshakeRefusal& refusal);

} // namespace roundabout::transport
