#pragma once

#include "transport/websocket_stream.hpp"
#include "transport/websocket_wire.hpp"

#include <memory>
#include <optional>
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

inline Task accept_into(ByteStream bytes, WebSocketRules rules, Opening& opening) {
    auto accepted = co_await transport::accept_websocket(std::move(bytes), std::move(rules));
    if (accepted)
        opening.stream = std::move(*accepted);
    else
        opening.error = to_error(accepted.error());
}

inline Task connect_into(ByteStream bytes, std::string host, std::string path,
                         WebSocketLimits limits, Opening& opening) {
    auto connected = co_await transport::connect_websocket(std::move(bytes), std::move(host),
                                                           std::move(path), limits);
    if (connected)
        opening.stream = std::move(*connected);
    else
        opening.error = to_error(connected.error());
}

inline Task read_into(WebSocketStream& stream, Result<Frame>& into) {
    into = co_await stream.read();
}

inline Task write_message(WebSocketStream& stream, std::string_view bytes) {
    const Result<void> written = co_await stream.write(bytes);
    CHECK(written.has_value());
}

/// Our accepting side and a peer that speaks the protocol by hand.
struct Served {
    asio::io_context io;
    std::optional<ByteStream> peer;
    StreamPtr stream;

    explicit Served(WebSocketRules rules = plain_rules(),
                    std::string_view extra = "Sec-WebSocket-Protocol: sip\r\n",
                    std::string_view target = "/") {
        StreamPair pair = plain_pair(io);
        peer.emplace(std::move(pair.client));
        Opening opening_;
        std::string head;
        Together(io)
            .with(accept_into(std::move(pair.server), std::move(rules), opening_))
            .with(write_all(*peer, opening(extra, target)))
            .with(read_head(*peer, head))
            .run();
        stream = std::move(opening_.stream);
        REQUIRE(stream != nullptr);
        answer = head;
    }

    void send(const WireFrame& frame) { Together(io).with(write_all(*peer, to_wire(frame))).run(); }

    Result<Frame> read() {
        Result<Frame> got = Error::flow_closed;
        Together(io).with(read_into(*stream, got)).run();
        return got;
    }

    WireFrame peer_reads() {
        WireFrame frame;
        Together(io).with(read_frame(*peer, frame)).run();
        return frame;
    }

    std::string answer;
};

} // namespace roundabout::tests
