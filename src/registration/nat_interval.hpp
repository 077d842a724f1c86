#pragma once

#include "registration/binding.hpp"

#include <cstdint>
#include <span>

namespace roundabout::registration {

/// How often a client that registered by UDP from behind a NAT must get a datagram for its mapping
/// to stay, as far as its registrations tell. A client never answers what keeps its mapping, but a
/// refresh (same Call-ID, RFC 3261 §10.2.4) that comes from the same address and another port says
/// that the mapping went although it was kept each interval: then half of that is tried, down to a
/// quarter of `longest`. A device that started anew (another Call-ID) may well have another port;
/// that says nothing. One that comes from another address is behind another NAT: it begins again.
///
/// `fresh`: what registers now; `existing`: what its AOR has; `longest`: seconds, the configured
/// interval. Gives seconds, or 0 while nothing shorter than `longest` was found.
[[nodiscard]] std::uint16_t nat_interval(const Binding& fresh, std::span<const Binding> existing,
                                         std::uint16_t longest) noexcept;

/// The power of two, at most 4, by which `longest` is divided to keep within `found` (as
/// nat_interval() gives it).
[[nodiscard]] std::uint8_t nat_interval_divisor(std::uint16_t found,
                                                std::uint16_t longest) noexcept;

/// Which of the bindings are due: the longest interval has `rounds` rounds, of which a binding that
/// needs it divided by 2 or 4 is in every second one, or in all.
struct NatRound {
    static constexpr unsigned rounds = 4;

    unsigned number = 0;       ///< of the round; goes on for ever
    std::uint16_t longest = 0; ///< seconds

    [[nodiscard]] bool has(std::uint16_t found) const noexcept {
        return number % (rounds / nat_interval_divisor(found, longest)) == 0;
    }
};

} // namespace roundabout::registration
