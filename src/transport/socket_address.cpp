#include "transport/socket_address.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cstring>
#include <netinet/in.h>

namespace roundabout::transport {
namespace asio = boost::asio;

SocketAddress to_socket_address(const Endpoint& endpoint) noexcept {
    SocketAddress out;
    if (endpoint.address.is_v4()) {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        in.sin_port = htons(endpoint.port);
        std::memcpy(&in.sin_addr, endpoint.address.bytes().data(), 4);
        std::memcpy(&out.storage, &in, sizeof in);
        out.size = sizeof in;
    } else {
        sockaddr_in6 in{};
        in.sin6_family = AF_INET6;
        in.sin6_port = htons(endpoint.port);
        std::memcpy(&in.sin6_addr, endpoint.address.bytes().data(), 16);
        std::memcpy(&out.storage, &in, sizeof in);
        out.size = sizeof in;
    }
    return out;
}

Endpoint to_endpoint(const sockaddr_storage& address) noexcept {
    if (address.ss_family == AF_INET) {
        sockaddr_in in{};
        std::memcpy(&in, &address, sizeof in);
        std::array<std::uint8_t, 4> bytes{};
        std::memcpy(bytes.data(), &in.sin_addr, bytes.size());
        return {IpAddress::v4(bytes), ntohs(in.sin_port)};
    }
    if (address.ss_family == AF_INET6) {
        sockaddr_in6 in{};
        std::memcpy(&in, &address, sizeof in);
        std::array<std::uint8_t, 16> bytes{};
        std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
        return {IpAddress::v6(bytes), ntohs(in.sin6_port)};
    }
    return {};
}

Endpoint local_endpoint(int socket) noexcept {
    SocketAddress address;
    address.size = sizeof address.storage;
    if (::getsockname(socket, address.data(), &address.size) != 0)
        return {};
    return to_endpoint(address.storage);
}

asio::ip::address to_asio(const IpAddress& address) {
    if (address.is_v4()) {
        asio::ip::address_v4::bytes_type bytes{};
        std::copy_n(address.bytes().begin(), bytes.size(), bytes.begin());
        return asio::ip::address_v4(bytes);
    }
    asio::ip::address_v6::bytes_type bytes{};
    std::ranges::copy(address.bytes(), bytes.begin());
    return asio::ip::address_v6(bytes);
}

asio::ip::tcp::endpoint to_asio_tcp(const Endpoint& endpoint) {
    return {to_asio(endpoint.address), endpoint.port};
}

Endpoint from_asio(const asio::ip::tcp::endpoint& endpoint) {
    if (endpoint.address().is_v4())
        return {IpAddress::v4(endpoint.address().to_v4().to_bytes()), endpoint.port()};
    return {IpAddress::v6(endpoint.address().to_v6().to_bytes()), endpoint.port()};
}

Error to_transport_error(const boost::system::error_code& code, Error otherwise) noexcept {
    if (const Error own = to_error(code); own != Error::none)
        return own;
    if (code == asio::error::connection_refused)
        return Error::connect_refused;
    if (code == asio::error::timed_out)
        return Error::connect_timeout;
    if (code == asio::error::eof || code == asio::error::connection_reset ||
        code == asio::error::broken_pipe)
        return Error::flow_closed;
    if (code == asio::error::operation_aborted)
        return Error::stopped;
    return otherwise;
}

} // namespace roundabout::transport
