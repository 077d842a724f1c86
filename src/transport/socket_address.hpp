#pragma once

#include "base/endpoint.hpp"
#include "base/error.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <sys/socket.h>

namespace roundabout::transport {

/// An Endpoint as the kernel wants it.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;

    [[nodiscard]] const sockaddr* data() const noexcept {
        return reinterpret_cast<const sockaddr*>(&storage);
    }
    [[nodiscard]] sockaddr* data() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
};

[[nodiscard]] SocketAddress to_socket_address(const Endpoint& endpoint) noexcept;

/// The unspecified IPv4 endpoint if the family is neither IPv4 nor IPv6. An IPv4-mapped address
/// gives the IPv4 address. Reads at most the size of the family's own structure.
[[nodiscard]] Endpoint to_endpoint(const sockaddr_storage& address) noexcept;

/// The address that a socket is bound to; unspecified if the kernel gives none.
[[nodiscard]] Endpoint local_endpoint(int socket) noexcept;

[[nodiscard]] boost::asio::ip::address to_asio(const IpAddress& address);
[[nodiscard]] boost::asio::ip::tcp::endpoint to_asio_tcp(const Endpoint& endpoint);
[[nodiscard]] Endpoint from_asio(const boost::asio::ip::tcp::endpoint& endpoint);

/// The error of our own that comes nearest to what a socket call reported: connect_refused,
/// connect_timeout, flow_closed, stopped for a cancelled operation; our own errors as they are;
/// `otherwise` for all else.
[[nodiscard]] Error to_transport_error(const boost::system::error_code& code,
                                       Error otherwise) noexcept;

} // namespace roundabout::transport
