#include "transport/source_address.hpp"

#include "transport/socket_address.hpp"

#include <sys/socket.h>
#include <unistd.h>

namespace roundabout::transport {

IpAddress source_address(const IpAddress& remote) noexcept {
    constexpr std::uint16_t any_port = 9; // a connect() on UDP sends nothing
    const int socket = ::socket(remote.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0)
        return {};
    const SocketAddress address = to_socket_address({remote, any_port});
    IpAddress source;
    if (::connect(socket, address.data(), address.size) == 0)
        source = local_endpoint(socket).address;
    ::close(socket);
    return source;
}

} // namespace roundabout::transport
