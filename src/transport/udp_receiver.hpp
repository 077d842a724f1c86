#pragma once

#include "base/endpoint.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <netinet/in.h>
#include <string_view>
#include <sys/socket.h>

namespace roundabout::transport {

/// One datagram in the receiver's scratch; good until the next receive().
struct Datagram {
    std::string_view bytes;
    Endpoint remote;
    IpAddress local; ///< the address that the peer sent to; unspecified if the kernel did not say
};

/// recvmmsg with its scratch: 32 datagrams of any size a call. The pages of the scratch that no
/// large datagram ever touched cost nothing.
class UdpReceiver {
  public:
    static constexpr std::size_t batch = 32;

    UdpReceiver();

    /// Fills the scratch without waiting. The number of datagrams, or -1 with errno.
    int receive(int socket);
    /// The one at `index`, below what receive() returned.
    [[nodiscard]] Datagram at(std::size_t index) const;

  private:
    static constexpr std::size_t datagram_size = 65536; // more than UDP's length field can say
    using Control = std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))>;

    void make_room(std::size_t count) noexcept;

    std::unique_ptr<std::array<std::array<char, datagram_size>, batch>> scratch_;
    std::array<iovec, batch> parts_{};
    std::array<sockaddr_storage, batch> peers_{};
    alignas(cmsghdr) std::array<Control, batch> controls_{};
    std::array<mmsghdr, batch> heads_{};
    std::size_t filled_ = 0; ///< by the last call
};

} // namespace roundabout::transport
