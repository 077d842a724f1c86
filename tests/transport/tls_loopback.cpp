#include "transport/tls_loopback.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

namespace roundabout::tests {

SocketPair loopback_pair(asio::io_context& io) {
    const asio::ip::tcp::endpoint any(asio::ip::address_v4::loopback(), 0);
    asio::ip::tcp::acceptor acceptor(io, any);
    SocketPair pair{asio::ip::tcp::socket(io), asio::ip::tcp::socket(io)};
    pair.connected.connect(acceptor.local_endpoint());
    acceptor.accept(pair.accepted);
    pair.accepted.set_option(asio::ip::tcp::no_delay(true));
    pair.connected.set_option(asio::ip::tcp::no_delay(true));
    return pair;
}

StreamPair plain_pair(asio::io_context& io) {
    SocketPair sockets = loopback_pair(io);
    return {ByteStream::plain(std::move(sockets.accepted)),
            ByteStream::plain(std::move(sockets.connected))};
}

StreamPair tls_pair(asio::io_context& io, const transport::TlsContext& server,
                    const transport::TlsContext& client, std::string name) {
    SocketPair sockets = loopback_pair(io);
    return {ByteStream::tls_server(std::move(sockets.accepted), server),
            ByteStream::tls_client(std::move(sockets.connected), client, std::move(name))};
}

Task handshake_into(ByteStream& stream, error_code& outcome) {
    const auto [error] = co_await stream.async_handshake(as_tuple);
    outcome = error;
    if (error)
        stream.close();
}

HandshakeOutcome shake_hands(asio::io_context& io, StreamPair& pair) {
    HandshakeOutcome outcome;
    Together(io)
        .with(handshake_into(pair.server, outcome.server))
        .with(handshake_into(pair.client, outcome.client))
        .run();
    return outcome;
}

Task write_all(ByteStream& stream, std::string_view bytes) {
    const asio::const_buffer from(bytes.data(), bytes.size());
    const auto [error, count] = co_await asio::async_write(stream, from, as_tuple);
    CHECK_MESSAGE(!error, error.message());
    CHECK(count == bytes.size());
}

Task read_full(ByteStream& stream, std::string& into) {
    const asio::mutable_buffer buffer = asio::buffer(into);
    const auto [error, count] = co_await asio::async_read(stream, buffer, as_tuple);
    CHECK_MESSAGE(!error, error.message());
    CHECK(count == into.size());
}

Task read_to_end(ByteStream& stream, std::string& into, error_code& end) {
    std::string chunk(4096, '\0');
    const asio::mutable_buffer buffer = asio::buffer(chunk);
    while (!end) {
        const auto [error, count] = co_await stream.async_read_some(buffer, as_tuple);
        into.append(chunk, 0, count);
        end = error;
    }
}

std::string pattern(std::size_t size, unsigned seed) {
    std::string bytes(size, '\0');
    unsigned state = seed;
    for (char& byte : bytes) {
        state = state * 1664525U + 1013904223U;
        byte = static_cast<char>('!' + (state >> 24U) % 90U);
    }
    return bytes;
}

} // namespace roundabout::tests
