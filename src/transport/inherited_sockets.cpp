#include "transport/inherited_sockets.hpp"

#include "transport/socket_address.hpp"

#include <algorithm>
#include <cstddef>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace roundabout::transport {
namespace {

/// -1 where the kernel does not say.
int option(int socket, int level, int name) noexcept {
    int value = -1;
    socklen_t size = sizeof value;
    return ::getsockopt(socket, level, name, &value, &size) == 0 ? value : -1;
}

bool set_up(int socket) noexcept {
    const int flags = ::fcntl(socket, F_GETFL);
    return flags >= 0 && ::fcntl(socket, F_SETFL, flags | O_NONBLOCK) == 0 &&
           ::fcntl(socket, F_SETFD, FD_CLOEXEC) == 0;
}

} // namespace

std::optional<std::string> InheritedSockets::add(int descriptor, std::string name) {
    Socket socket;
    socket.descriptor.reset(descriptor);
    struct stat status{};
    const int domain = option(descriptor, SOL_SOCKET, SO_DOMAIN);
    const int type = option(descriptor, SOL_SOCKET, SO_TYPE);
    socket.datagrams = type == SOCK_DGRAM;
    if ((domain != AF_INET && domain != AF_INET6) || ::fstat(descriptor, &status) != 0 ||
        (!socket.datagrams &&
         (type != SOCK_STREAM || option(descriptor, SOL_SOCKET, SO_ACCEPTCONN) != 1)))
        return "socket " + name + " is no UDP and no listening TCP socket";
    socket.local = local_endpoint(descriptor);
    socket.inode = status.st_ino;
    if (domain == AF_INET6 && socket.local.address.is_unspecified() &&
        option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY) != 1)
        return "socket " + name + " at " + socket.local.to_string() +
               " takes IPv4 too; one for each is needed (BindIPv6Only=ipv6-only)";
    if (!set_up(descriptor))
        return "socket " + name + " cannot be set up";
    if (std::ranges::find(sockets_, socket.inode, &Socket::inode) != sockets_.end())
        return std::nullopt;
    socket.name = std::move(name);
    sockets_.push_back(std::move(socket));
    return std::nullopt;
}

bool InheritedSockets::fits(const Socket& socket, Transport transport,
                            const Endpoint& bind) noexcept {
    return socket.datagrams == (transport == Transport::udp) && socket.local == bind;
}

bool InheritedSockets::has(Transport transport, const Endpoint& bind) const {
    return std::ranges::any_of(sockets_,
                               [&](const Socket& socket) { return fits(socket, transport, bind); });
}

std::vector<InheritedSockets::Socket*> InheritedSockets::group(Transport transport,
                                                               const Endpoint& bind) {
    std::vector<Socket*> group;
    for (Socket& socket : sockets_) {
        if (fits(socket, transport, bind))
            group.push_back(&socket);
    }
    return group;
}

std::vector<Descriptor> InheritedSockets::take(Transport transport, const Endpoint& bind,
                                               std::uint16_t worker, std::uint16_t workers) {
    const std::vector<Socket*> all = group(transport, bind);
    std::vector<Descriptor> own;
    for (std::size_t i = worker; i < all.size(); i += workers) {
        all[i]->taken = true;
        own.emplace_back(::fcntl(all[i]->descriptor.get(), F_DUPFD_CLOEXEC, 0));
    }
    return own;
}

Descriptor InheritedSockets::share(Transport transport, const Endpoint& bind,
                                   std::uint16_t worker) {
    const std::vector<Socket*> all = group(transport, bind);
    if (all.empty())
        return {};
    return Descriptor(::fcntl(all[worker % all.size()]->descriptor.get(), F_DUPFD_CLOEXEC, 0));
}

std::vector<InheritedSockets::Unwanted> InheritedSockets::close_rest() {
    std::vector<Unwanted> rest;
    for (const Socket& socket : sockets_) {
        if (!socket.taken)
            rest.push_back(
                {socket.name, (socket.datagrams ? "udp " : "tcp ") + socket.local.to_string()});
    }
    sockets_.clear();
    return rest;
}

} // namespace roundabout::transport
