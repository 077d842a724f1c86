#include "transport/websocket_ends.hpp"

namespace roundabout::tests {

Task accept_into(ByteStream bytes, WebSocketRules rules, Opening& opening) {
    auto accepted = co_await transport::accept_websocket(std::move(bytes), std::move(rules));
    if (accepted)
        opening.stream = std::move(*accepted);
    else
        opening.error = to_error(accepted.error());
}

Task connect_into(ByteStream bytes, std::string host, std::string path, WebSocketLimits limits,
                  Opening& opening) {
    auto connected = co_await transport::connect_websocket(std::move(bytes), std::move(host),
                                                           std::move(path), limits);
    if (connected)
        opening.stream = std::move(*connected);
    else
        opening.error = to_error(connected.error());
}

Task read_into(WebSocketStream& stream, Result<Frame>& into) { into = co_await stream.read(); }

Task write_message(WebSocketStream& stream, std::string_view bytes) {
    const Result<void> written = co_await stream.write(bytes);
    CHECK(written.has_value());
}

Served::Served(WebSocketRules rules, std::string_view extra, std::string_view target)
    : ends_(plain_pair(io)) {
    Opening opened;
    const std::string request = opening(extra, target);
    Together(io)
        .with(accept_into(std::move(ends_.server), std::move(rules), opened))
        .with(write_all(ends_.client, request))
        .with(read_head(ends_.client, answer_))
        .run();
    stream_ = std::move(opened.stream);
    REQUIRE(stream_ != nullptr);
}

void Served::peer_sends(const WireFrame& frame) {
    const std::string bytes = to_wire(frame);
    Together(io).with(write_all(ends_.client, bytes)).run();
}

WireFrame Served::peer_reads() {
    WireFrame frame;
    Together(io).with(read_frame(ends_.client, frame)).run();
    return frame;
}

Result<Frame> Served::read() {
    Result<Frame> got = Error::flow_closed;
    Together(io).with(read_into(*stream_, got)).run();
    return got;
}

} // namespace roundabout::tests
