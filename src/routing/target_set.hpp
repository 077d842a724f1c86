#pragma once

#include "routing/decision.hpp"
#include "sip/message.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// The target set of a request (RFC 3261 §16.5) and in which order it is tried (§16.6): those of
/// equal q in parallel, those of a lower q when all of a higher one have failed.
namespace roundabout::routing {

/// Targets of one request beyond which the rest is left out: a branch names its target by a byte.
inline constexpr std::size_t targets_limit = 255;

/// Highest q first; among equals by binding, so that a retransmission after a restart gives each
/// its old place and with it its old branch (R46). Cuts at targets_limit. O(n log n).
void put_in_order(std::vector<Target>& targets);

/// How many of `targets`, which are in order, go in parallel with the one at `first`.
[[nodiscard]] std::size_t group_size(std::span<const Target> targets, std::size_t first) noexcept;

/// Takes away those that are reached by UDP, TCP or WS, for a request that asked for SIPS (R21; RFC
/// 3261 §26.2.2).
void drop_insecure(std::vector<Target>& targets, const config::Config& config);

/// Max-Breadth of a request that names none, and the most that is believed (RFC 5393 §5.3.3).
inline constexpr std::uint32_t breadth_limit = 60;

/// How many branches at a time this request and everything that it becomes may have (RFC 5393
/// §5.3.3): its Max-Breadth, at most breadth_limit, which also stands for an unreadable one.
[[nodiscard]] std::uint32_t incoming_breadth(const sip::Message& request) noexcept;

/// True if one group of `targets` has more members than that.
[[nodiscard]] bool exceeds_breadth(std::span<const Target> targets, std::uint32_t breadth) noexcept;

/// What of `breadth` the member at `index` of a group of `size` is given. All shares together are
/// `breadth`, which the next group has again, since then nobody of this one is left (§5.3.3.2).
[[nodiscard]] std::uint32_t share_of_breadth(std::uint32_t breadth, std::size_t size,
                                             std::size_t index) noexcept;

} // namespace roundabout::routing
