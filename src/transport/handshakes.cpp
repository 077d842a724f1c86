#include "transport/handshakes.hpp"

#include "transport/no_throw.hpp"
#include "transport/proxy_header.hpp"
#include "transport/sip_stream.hpp"
#include "transport/socket_address.hpp"

#include <utility>

namespace roundabout::transport {
namespace asio = boost::asio;

asio::awaitable<Result<Opened>> accept_handshakes(asio::io_context& io, ByteStream stream,
                                                  Flow flow, StreamLimits limits,
                                                  WebSocketRules rules) {
    Opened opened;
    opened.flow = flow;
    if (stream.is_tls()) {
        const auto [error] = co_await stream.async_handshake(no_throw);
        if (error)
            co_return to_transport_error(error, Error::handshake_failed);
        opened.peer_names = stream.peer_names();
    }
    if (!is_websocket(opened.flow.transport)) {
        opened.stream = std::make_unique<SipStream>(io, std::move(stream), limits);
        co_return opened;
    }
    auto accepted = co_await accept_websocket(std::move(stream), std::move(rules));
    if (!accepted)
        co_return accepted.error();
    if (const auto& source = (*accepted)->request().forwarded_for)
        opened.flow.remote.address = *source;
    opened.stream = std::move(*accepted);
    co_return opened;
}

asio::awaitable<Result<Opened>> connect_handshakes(asio::io_context& io, ByteStream stream,
                                                   Flow flow, StreamLimits limits,
                                                   WebSocketLimits websocket, std::string host,
                                                   std::string path) {
    Opened opened;
    opened.flow = flow;
    if (stream.is_tls()) {
        const auto [error] = co_await stream.async_handshake(no_throw);
        if (error)
            co_return to_transport_error(error, Error::handshake_failed);
        opened.peer_names = stream.peer_names();
    }
    if (!is_websocket(opened.flow.transport)) {
        opened.stream = std::make_unique<SipStream>(io, std::move(stream), limits);
        co_return opened;
    }
    auto connected =
        co_await connect_websocket(std::move(stream), std::move(host), std::move(path), websocket);
    if (!connected)
        co_return connected.error();
    opened.stream = std::move(*connected);
    co_return opened;
}

asio::awaitable<Result<std::optional<Endpoint>>> read_source(asio::ip::tcp::socket& socket) {
    std::string bytes;
    for (;;) {
        const Result<ProxyHeader> header = read_proxy_header(bytes);
        if (!header)
            co_return header.error();
        if (header->wanted == 0)
            co_return header->source;
        const std::size_t size = bytes.size();
        bytes.resize(size + header->wanted);
        const auto into = asio::buffer(bytes.data() + size, header->wanted);
        const auto [error, count] = co_await socket.async_read_some(into, no_throw);
        if (error)
            co_return Error::flow_closed;
        bytes.resize(size + count);
    }
}

} // namespace roundabout::transport
