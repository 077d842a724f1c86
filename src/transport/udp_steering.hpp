#pragma once

#include "base/call_hash.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <linux/filter.h>
#include <vector>

namespace roundabout::transport {

/// A program for the kernel (classic BPF, no rights needed) that picks the socket of a SO_REUSEPORT
/// group for each datagram: number CallHash(Call-ID) modulo `sockets` in the order of binding. So a
/// message is read by the worker that it belongs to, also where all of a trunk comes from one
/// address and port. Looks for "Call-ID:" in any case within the first `reach` bytes; of what has
/// none there (the compact form, keepalives) the kernel's own hash of the addresses decides.
/// Workers hand on what the kernel gave to another one, so nothing depends on it but the cost.
/// O(reach) instructions.
[[nodiscard]] std::vector<sock_filter> steering_program(const CallHash& hash, std::uint16_t sockets,
                                                        std::size_t reach);

/// Has the group that `socket` is bound in go by it. Gives the reach, in bytes: the longest whose
/// program the kernel takes (net.core.optmem_max; 20,480 are enough for some 430, where most
/// messages have their Call-ID). Error: what it says to the shortest.
[[nodiscard]] Result<std::size_t> steer(int socket, const CallHash& hash, std::uint16_t sockets);

} // namespace roundabout::transport
