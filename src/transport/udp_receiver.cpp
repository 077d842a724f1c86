#include "transport/udp_receiver.hpp"

#include "transport/socket_address.hpp"

#include <algorithm>
#include <cstring>

namespace roundabout::transport {
namespace {

IpAddress reached_address(const msghdr& head) noexcept {
    // CMSG_NXTHDR wants a pointer to non-const, and changes nothing.
    auto* message = const_cast<msghdr*>(&head);
    for (cmsghdr* item = CMSG_FIRSTHDR(message); item != nullptr;
         item = CMSG_NXTHDR(message, item)) {
        if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
            in_pktinfo info{};
            std::memcpy(&info, CMSG_DATA(item), sizeof info);
            std::array<std::uint8_t, 4> bytes{};
            std::memcpy(bytes.data(), &info.ipi_addr, bytes.size());
            return IpAddress::v4(bytes);
        }
        if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
            in6_pktinfo info{};
            std::memcpy(&info, CMSG_DATA(item), sizeof info);
            std::array<std::uint8_t, 16> bytes{};
            std::memcpy(bytes.data(), &info.ipi6_addr, bytes.size());
            return IpAddress::v6(bytes);
        }
    }
    return {};
}

} // namespace

UdpReceiver::UdpReceiver()
    : scratch_(
          std::make_unique_for_overwrite<std::array<std::array<char, datagram_size>, batch>>()) {
    for (std::size_t i = 0; i < batch; ++i) {
        parts_[i] = {(*scratch_)[i].data(), datagram_size};
        heads_[i].msg_hdr.msg_iov = &parts_[i];
        heads_[i].msg_hdr.msg_iovlen = 1;
        heads_[i].msg_hdr.msg_name = &peers_[i];
        heads_[i].msg_hdr.msg_control = controls_[i].data();
    }
    make_room(batch);
}

/// The kernel has written over what the first `count` say of their room. Most calls bring one.
void UdpReceiver::make_room(std::size_t count) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        heads_[i].msg_hdr.msg_namelen = sizeof(sockaddr_storage);
        heads_[i].msg_hdr.msg_controllen = sizeof(Control);
    }
}

int UdpReceiver::receive(int socket) {
    make_room(filled_);
    const int count = ::recvmmsg(socket, heads_.data(), batch, MSG_DONTWAIT, nullptr);
    filled_ = static_cast<std::size_t>(std::max(count, 0));
    return count;
}

Datagram UdpReceiver::at(std::size_t index) const {
    const mmsghdr& head = heads_[index];
    return {std::string_view((*scratch_)[index].data(), head.msg_len), to_endpoint(peers_[index]),
            reached_address(head.msg_hdr)};
}

} // namespace roundabout::transport
