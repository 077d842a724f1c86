#pragma once

#include "transport/websocket_stream.hpp"
#include "transport/websocket_wire.hpp"

#include <memory>
#include <string>
#include <utility>

namespace roundabout::tests {

using transport::Frame;
using transport::WebSocketLimits;
using transport::WebSocketRules;
using transport::WebSocketStream;

using StreamPtr = std::unique_ptr<WebSocketStream>;

struct Opening {
    StreamPtr stream;
    Error error = Error::none;
};

/// Limits without timeouts of their own, so that a test ends when its peers have.
inline WebSocketRules plain_rules() {
    WebSocketRules rules;
    rules.limits.idle = std::chrono::milliseconds(0);
    return rules;
}

Task accept_into(ByteStream bytes, WebSocketRules rules, Opening& opening);

Task connect_into(ByteStream bytes, std::string host, std::string path, WebSocketLimits limits,
                  Opening& opening);

Task read_into(WebSocketStream& stream, Result<Frame>& into);

Task write_message(WebSocketStream& stream, std::string_view bytes);

/// Our accepting side and a peer that speaks the protocol by hand.
class Served {
  public:
    explicit Served(WebSocketRules rules = plain_rules(),
                    std::string_view extra = "Sec-WebSocket-Protocol: sip\r\n",
                    std::string_view target = "/");

    /// The HTTP answer that the peer got.
    [[nodiscard]] const std::string& answer() const noexcept { return answer_; }
    [[nodiscard]] WebSocketStream& stream() const noexcept { return *stream_; }
    [[nodiscard]] ByteStream& peer() noexcept { return ends_.client; }

    void peer_sends(const WireFrame& frame);
    WireFrame peer_reads();
    Result<Frame> read();

    asio::io_context io; ///< first, since the sockets are its

  private:
    StreamPair ends_;
    StreamPtr stream_;
    std::string answer_;
};

} // namespace roundabout::tests
