#include "bench/load/link.hpp"
#include "bench/load/sip_text.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <array>
#include <deque>
#include <stdexcept>

namespace roundabout::load {
namespace {

namespace websocket = boost::beast::websocket;
using asio::use_awaitable;
using asio::ip::tcp;
using TlsStream = asio::ssl::stream<tcp::socket>;
using WsStream = websocket::stream<tcp::socket>;
using WssStream = websocket::stream<TlsStream>;

template <class Stream>
constexpr bool is_websocket = false;
template <class Next>
constexpr bool is_websocket<websocket::stream<Next>> = true;

tcp::socket& socket_of(tcp::socket& socket) { return socket; }
template <class Stream>
auto& socket_of(Stream& stream) {
    return socket_of(stream.next_layer());
}

/// A connection that is open; it ends, and lets itself go, when reading fails.
template <class Stream>
class StreamLink final : public Link, public std::enable_shared_from_this<StreamLink<Stream>> {
  public:
    StreamLink(Stream stream, Taker taker)
        : stream_(std::move(stream))
        , taker_(std::move(taker))
        , local_(socket_of(stream_).local_endpoint()) {
        if constexpr (is_websocket<Stream>)
            stream_.text(true);
    }

    void send(std::string message) override {
        waiting_.push_back(std::move(message));
        if (waiting_.size() == 1)
            write();
    }

    [[nodiscard]] Place local() const override { return {local_.address(), local_.port()}; }

    void read() {
        const auto then = [self = this->shared_from_this()](boost::system::error_code error,
                                                            std::size_t size) {
            if (!error)
                self->take(size);
        };
        if constexpr (is_websocket<Stream>)
            stream_.async_read(frame_, then);
        else
            stream_.async_read_some(asio::buffer(chunk_), then);
    }

  private:
    void take(std::size_t size) {
        if constexpr (is_websocket<Stream>) {
            const auto data = frame_.cdata();
            taker_(*this, {static_cast<const char*>(data.data()), data.size()});
            frame_.clear();
        } else {
            received_.append(chunk_.data(), size);
            std::string_view left = received_;
            while (const std::size_t length = first_message(left)) {
                taker_(*this, left.substr(0, length));
                left.remove_prefix(length);
            }
            received_.erase(0, received_.size() - left.size());
        }
        read();
    }

    void write() {
        const auto then = [self = this->shared_from_this()](boost::system::error_code error,
                                                            std::size_t /*size*/) {
            self->waiting_.pop_front();
            if (!error && !self->waiting_.empty())
                self->write();
        };
        if constexpr (is_websocket<Stream>)
            stream_.async_write(asio::buffer(waiting_.front()), then);
        else
            asio::async_write(stream_, asio::buffer(waiting_.front()), then);
    }

    Stream stream_;
    Taker taker_;
    tcp::endpoint local_;
    std::deque<std::string> waiting_; ///< the first is being written
    boost::beast::flat_buffer frame_; ///< WebSocket
    std::string received_;            ///< otherwise
    std::array<char, is_websocket<Stream> ? 1 : 8192> chunk_{};
};

template <class Stream>
LinkPtr keep(Stream stream, Link::Taker taker) {
    auto link = std::make_shared<StreamLink<Stream>>(std::move(stream), std::move(taker));
    link->read();
    return link;
}

asio::awaitable<TlsStream> secure(tcp::socket socket, std::shared_ptr<asio::ssl::context> tls,
                                  std::string name) {
    TlsStream stream(std::move(socket), *tls);
    if (name.empty()) {
        co_await stream.async_handshake(asio::ssl::stream_base::server, use_awaitable);
    } else {
        SSL_set_tlsext_host_name(stream.native_handle(), name.c_str());
        co_await stream.async_handshake(asio::ssl::stream_base::client, use_awaitable);
    }
    co_return stream;
}

/// The WebSocket handshake, as client of `name` or, without one, as server.
template <class Next>
asio::awaitable<websocket::stream<Next>> upgrade(Next next, std::string name) {
    websocket::stream<Next> stream(std::move(next));
    // Frames of this size are compared with nothing: no compression, like the proxies.
    const auto sip = [](auto& header) {
        header.set(boost::beast::http::field::sec_websocket_protocol, "sip");
    };
    if (name.empty()) {
        stream.set_option(websocket::stream_base::decorator(
            [sip](websocket::response_type& response) { sip(response); }));
        co_await stream.async_accept(use_awaitable);
    } else {
        stream.set_option(websocket::stream_base::decorator(
            [sip](websocket::request_type& request) { sip(request); }));
        co_await stream.async_handshake(name, "/", use_awaitable);
    }
    co_return stream;
}

/// Brings a connected socket to where messages pass; `name` is empty on the accepting side.
asio::awaitable<LinkPtr> establish(tcp::socket socket, Transport transport,
                                   std::shared_ptr<asio::ssl::context> tls, std::string name,
                                   Link::Taker taker) {
    // Else the WebSocket request waits 40 ms for the peer to acknowledge what ends the handshake.
    socket.set_option(tcp::no_delay(true));
    if (transport == Transport::tcp)
        co_return keep(std::move(socket), std::move(taker));
    if (transport == Transport::ws) {
        WsStream stream = co_await upgrade<tcp::socket>(std::move(socket), name);
        co_return keep(std::move(stream), std::move(taker));
    }
    TlsStream secured = co_await secure(std::move(socket), tls, name);
    if (transport == Transport::tls)
        co_return keep(std::move(secured), std::move(taker));
    WssStream stream = co_await upgrade<TlsStream>(std::move(secured), name);
    co_return keep(std::move(stream), std::move(taker));
}

asio::awaitable<void> serve(tcp::socket socket, Transport transport,
                            std::shared_ptr<asio::ssl::context> tls, Link::Taker taker) {
    try {
        co_await establish(std::move(socket), transport, tls, {}, taker);
    } catch (const boost::system::system_error&) {
        co_return; // the peer sees its connection closed
    }
}

asio::awaitable<void> accept(tcp::acceptor acceptor, Transport transport,
                             std::shared_ptr<asio::ssl::context> tls, Link::Taker taker) {
    for (;;) {
        tcp::socket socket = co_await acceptor.async_accept(use_awaitable);
        asio::co_spawn(acceptor.get_executor(), serve(std::move(socket), transport, tls, taker),
                       asio::detached);
    }
}

} // namespace

asio::awaitable<LinkPtr> connect_stream(LinkSettings settings, Link::Taker taker) {
    const auto executor = co_await asio::this_coro::executor;
    tcp::socket socket(executor, tcp::endpoint(settings.source, 0));
    const tcp::endpoint remote(settings.remote.host, settings.remote.port);
    co_await socket.async_connect(remote, use_awaitable);
    LinkPtr link = co_await establish(std::move(socket), settings.transport, settings.tls,
                                      settings.server_name, taker);
    co_return link;
}

void listen_stream(asio::io_context& io, Transport transport, const Place& local,
                   const std::shared_ptr<asio::ssl::context>& tls, const Link::Taker& taker) {
    tcp::acceptor acceptor(io, tcp::endpoint(local.host, local.port));
    asio::co_spawn(io, accept(std::move(acceptor), transport, tls, taker), asio::detached);
}

} // namespace roundabout::load
