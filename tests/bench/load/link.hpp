#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// A load generator for SIP proxies: it shares no code with the proxy that it loads.
namespace roundabout::load {

namespace asio = boost::asio;

enum class Transport : std::uint8_t { udp, tcp, tls, ws, wss };

/// "udp" and so on; throws std::invalid_argument for anything else.
[[nodiscard]] Transport parse_transport(std::string_view word);
/// What stands in a Via (RFC 3261 §20.42, RFC 7118 §5.1).
[[nodiscard]] std::string_view via_word(Transport transport) noexcept;
/// What stands in a URI's transport parameter: `ws` for WSS as well (RFC 7118 §5.2.2).
[[nodiscard]] std::string_view uri_word(Transport transport) noexcept;
[[nodiscard]] bool is_tls(Transport transport) noexcept;

/// An address and a port, as on the command line: "127.0.0.1:5060" or "[::1]:5060".
struct Place {
    asio::ip::address host;
    std::uint16_t port = 0;

    /// Throws std::invalid_argument.
    [[nodiscard]] static Place parse(std::string_view text);
    [[nodiscard]] std::string to_string() const;
};

/// One way to the proxy: whole messages go in and come out. For UDP what is sent goes to where the
/// last message came from, or to the remote that it was made with.
class Link {
  public:
    /// Gets each message that arrives, within the link's io_context.
    using Taker = std::function<void(Link&, std::string_view message)>;

    Link() = default;
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    virtual ~Link() = default;

    virtual void send(std::string message) = 0;
    [[nodiscard]] virtual Place local() const = 0;
};

using LinkPtr = std::shared_ptr<Link>;

/// What links of a party have in common.
struct LinkSettings {
    Transport transport = Transport::udp;
    Place remote;             ///< the proxy's listener, for those that connect
    asio::ip::address source; ///< own address
    std::string server_name;  ///< for TLS, and Host of the WebSocket handshake
    std::shared_ptr<asio::ssl::context> tls;
};

/// Opens a UDP socket at `local` (port 0: any) that sends to `remote`. Throws if it cannot.
[[nodiscard]] LinkPtr open_udp(asio::io_context& io, const Place& local, const Place& remote,
                               Link::Taker taker);

/// Connects by TCP, TLS, WS or WSS; throws if that fails. The certificate is not judged.
[[nodiscard]] asio::awaitable<LinkPtr> connect_stream(LinkSettings settings, Link::Taker taker);

/// Listens by TCP, TLS, WS or WSS at `local` until the io_context ends, and keeps what it accepts.
/// Throws if it cannot listen.
void listen_stream(asio::io_context& io, Transport transport, const Place& local,
                   const std::shared_ptr<asio::ssl::context>& tls, const Link::Taker& taker);

} // namespace roundabout::load
