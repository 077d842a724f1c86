#pragma once

#include "base/endpoint.hpp"
#include "base/result.hpp"
#include "transport/limits.hpp"

#include <cstddef>
#include <vector>

namespace roundabout::transport {

/// A bound, non-blocking UDP socket that shares its port with other workers' (SO_REUSEPORT), tells
/// the address that a peer reached, and keeps ICMP errors in its error queue. IPv6 sockets take no
/// IPv4. The caller owns the descriptor. Errors: the kernel's.
[[nodiscard]] Result<int> open_udp(const Endpoint& bind, const UdpLimits& limits);

/// Makes of a bound UDP socket that somebody else opened what open_udp() makes. Whether its port is
/// shared and whether it takes IPv4 too stay as they are: the kernel asks for that before bind().
/// Errors: the kernel's.
[[nodiscard]] Result<void> adopt_udp(int socket, const UdpLimits& limits);

/// Takes up to 64 errors off the socket's error queue. Returns how many there were; appends to
/// `unreachable` the peers that ICMP says can't be reached (RFC 3261 §18.4: host, network, port or
/// protocol unreachable, parameter problem; not time exceeded, not "fragmentation needed").
std::size_t read_error_queue(int socket, std::vector<Endpoint>& unreachable);

} // namespace roundabout::transport
