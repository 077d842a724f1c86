#include "transport/bind_check.hpp"

#include "transport/socket_address.hpp"

#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace roundabout::transport {
namespace {

/// Closes on its way out.
class Probe {
  public:
    explicit Probe(int descriptor) noexcept
        : descriptor_(descriptor) {}
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;
    ~Probe() {
        if (descriptor_ >= 0)
            ::close(descriptor_);
    }
    [[nodiscard]] int get() const noexcept { return descriptor_; }

  private:
    int descriptor_;
};

// The port bound; or the reason, in errno.
std::optional<std::uint16_t> probe(Transport transport, const Endpoint& bind) noexcept {
    const bool datagrams = transport == Transport::udp;
    const int family = bind.address.is_v4() ? AF_INET : AF_INET6;
    const Probe socket(::socket(family, (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0));
    if (socket.get() < 0)
        return std::nullopt;
    const int on = 1;
    // For UDP SO_REUSEADDR would share the port.
    if (!datagrams && ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
        return std::nullopt;
    if (bind.address.is_v6() &&
        ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0)
        return std::nullopt;
    const SocketAddress address = to_socket_address(bind);
    if (::bind(socket.get(), address.data(), address.size) != 0)
        return std::nullopt;
    // Two sockets with SO_REUSEADDR may both bind; only one may listen.
    if (!datagrams && ::listen(socket.get(), 1) != 0)
        return std::nullopt;
    return local_endpoint(socket.get()).port;
}

} // namespace

std::string BindFault::to_string() const {
    std::string text(name(transport));
    text += ' ';
    text += bind.to_string();
    text += ": ";
    return text + reason();
}

std::string BindFault::reason() const {
    switch (error.value()) {
    case EADDRINUSE:
        return "address in use";
    case EADDRNOTAVAIL:
        return "this machine does not have that address";
    case EACCES:
        return "no permission for that port";
    case EAFNOSUPPORT:
        return "this machine does not speak that address family";
    default:
        return error.message();
    }
}

std::optional<BindFault> check_binds(std::vector<ListenerSettings>& listeners,
                                     const InheritedSockets& inherited) {
    for (ListenerSettings& listener : listeners) {
        if (!listener.accepts() || inherited.has(listener.transport, listener.bind))
            continue;
        const auto port = probe(listener.transport, listener.bind);
        if (!port)
            return BindFault{
                listener.transport, listener.bind, {errno, boost::system::system_category()}};
        listener.bind.port = *port;
    }
    return std::nullopt;
}

} // namespace roundabout::transport
