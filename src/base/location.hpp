#pragma once

#include "base/endpoint.hpp"
#include "base/transport.hpp"

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace roundabout {

/// A set of transports.
class TransportSet {
  public:
    constexpr TransportSet() noexcept = default;
    constexpr TransportSet(std::initializer_list<Transport> transports) noexcept {
        for (const Transport transport : transports)
            add(transport);
    }
    constexpr void add(Transport transport) noexcept {
        bits_ = static_cast<std::uint8_t>(bits_ | 1U << static_cast<unsigned>(transport));
    }
    [[nodiscard]] constexpr bool has(Transport transport) const noexcept {
        return (bits_ >> static_cast<unsigned>(transport) & 1U) != 0;
    }
    friend constexpr auto operator<=>(const TransportSet&, const TransportSet&) noexcept = default;

  private:
    std::uint8_t bits_ = 0;
};

/// What a URI or an entry of the configuration says about where something is (RFC 3263 §4).
struct Sought {
    std::string host;                   ///< name in lower case, or address, without brackets
    std::optional<std::uint16_t> port;  ///< absent: DNS may say, else the transport's default
    std::optional<Transport> transport; ///< absent: DNS may say, else `fallback`
    bool secure = false;                ///< a SIPS URI: TLS and WSS only
    Transport fallback = Transport::udp;
    TransportSet spoken; ///< the ones that DNS may choose among

    friend bool operator==(const Sought&, const Sought&) noexcept = default;
    friend auto operator<=>(const Sought&, const Sought&) noexcept = default;
};

/// One host with a port at which something is, as SRV names it or as it was sought.
struct ServiceHost {
    Transport transport = Transport::udp;
    std::uint16_t rank = 0;   ///< lower ones are tried first
    std::uint16_t weight = 0; ///< its share among those of one rank (RFC 2782)
    std::uint16_t port = 0;
    std::vector<IpAddress> addresses; ///< never empty; IPv4 first, each family sorted

    friend bool operator==(const ServiceHost&, const ServiceHost&) noexcept = default;
};

/// Where something is: what was sought with all that DNS knows of it. Hosts of one rank stand
/// together, lower ranks first.
using Location = std::vector<ServiceHost>;

/// One place to send to.
struct Candidate {
    Transport transport = Transport::udp;
    Endpoint remote;

    friend bool operator==(const Candidate&, const Candidate&) noexcept = default;
};

} // namespace roundabout
