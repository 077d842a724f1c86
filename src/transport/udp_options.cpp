#include "transport/udp_options.hpp"

#include "transport/socket_address.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <optional>
#include <sys/socket.h>
#include <unistd.h>

namespace roundabout::transport {
namespace {

constexpr std::size_t errors_a_call = 64;

bool enable(int socket, int level, int option, int value = 1) noexcept {
    return ::setsockopt(socket, level, option, &value, sizeof value) == 0;
}

// The kernel caps the sizes at net.core.[rw]mem_max by itself, unless we may pass over that
// (CAP_NET_ADMIN).
bool set_buffer(int socket, int option, int beyond_cap, int size) noexcept {
    return enable(socket, SOL_SOCKET, beyond_cap, size) || enable(socket, SOL_SOCKET, option, size);
}

bool prepare(int socket, const Endpoint& bind, const UdpLimits& limits) noexcept {
    if (!set_buffer(socket, SO_RCVBUF, SO_RCVBUFFORCE, limits.receive_buffer) ||
        !set_buffer(socket, SO_SNDBUF, SO_SNDBUFFORCE, limits.send_buffer))
        return false;
    const bool wildcard = bind.address.is_unspecified();
    if (bind.address.is_v6())
        return enable(socket, IPPROTO_IPV6, IPV6_RECVERR) &&
               (!wildcard || enable(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO));
    return enable(socket, IPPROTO_IP, IP_RECVERR) &&
           (!wildcard || enable(socket, IPPROTO_IP, IP_PKTINFO));
}

bool prepare_to_bind(int socket, const Endpoint& bind) noexcept {
    return enable(socket, SOL_SOCKET, SO_REUSEPORT) &&
           (bind.address.is_v4() || enable(socket, IPPROTO_IPV6, IPV6_V6ONLY));
}

bool means_unreachable(const sock_extended_err& error) noexcept {
    if (error.ee_origin == SO_EE_ORIGIN_ICMP)
        return (error.ee_type == ICMP_DEST_UNREACH && error.ee_code != ICMP_FRAG_NEEDED) ||
               error.ee_type == ICMP_PARAMETERPROB;
    if (error.ee_origin == SO_EE_ORIGIN_ICMP6)
        return error.ee_type == ICMP6_DST_UNREACH || error.ee_type == ICMP6_PARAM_PROB;
    return false;
}

std::optional<sock_extended_err> extended_error(msghdr& head) noexcept {
    for (cmsghdr* item = CMSG_FIRSTHDR(&head); item != nullptr; item = CMSG_NXTHDR(&head, item)) {
        if ((item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_RECVERR) ||
            (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_RECVERR)) {
            sock_extended_err error{};
            std::memcpy(&error, CMSG_DATA(item), sizeof error);
            return error;
        }
    }
    return std::nullopt;
}

} // namespace

Result<int> open_udp(const Endpoint& bind, const UdpLimits& limits) {
    const int family = bind.address.is_v4() ? AF_INET : AF_INET6;
    const int socket = ::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const SocketAddress address = to_socket_address(bind);
    if (socket >= 0 && prepare(socket, bind, limits) && prepare_to_bind(socket, bind) &&
        ::bind(socket, address.data(), address.size) == 0)
        return socket;
    const boost::system::error_code error(errno, boost::system::system_category());
    if (socket >= 0)
        ::close(socket);
    return error;
}

Result<void> adopt_udp(int socket, const UdpLimits& limits) {
    if (prepare(socket, local_endpoint(socket), limits))
        return {};
    return boost::system::error_code(errno, boost::system::system_category());
}

std::size_t read_error_queue(int socket, std::vector<Endpoint>& unreachable) {
    std::size_t count = 0;
    for (; count < errors_a_call; ++count) {
        sockaddr_storage peer{};
        char payload = 0; // what we sent is of no interest
        iovec part{&payload, 1};
        alignas(cmsghdr) std::array<char, 512> control{};
        msghdr head{};
        head.msg_name = &peer;
        head.msg_namelen = sizeof peer;
        head.msg_iov = &part;
        head.msg_iovlen = 1;
        head.msg_control = control.data();
        head.msg_controllen = control.size();
        if (::recvmsg(socket, &head, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
            break;
        const auto error = extended_error(head);
        if (error && means_unreachable(*error))
            unreachable.push_back(to_endpoint(peer));
    }
    return count;
}

} // namespace roundabout::transport
