#include "registration/nat_interval.hpp"

#include <algorithm>

namespace roundabout::registration {
namespace {

bool has_mapping(const Binding& binding) noexcept {
    return binding.flow.transport == Transport::udp && binding.behind_nat;
}

/// What this device had before, in its own row or (where its Contact carries its port) in another.
const Binding* before(const Binding& fresh, std::span<const Binding> existing) noexcept {
    const Binding* newest = nullptr;
    for (const Binding& row : existing) {
        if (row.id == fresh.id)
            return &row;
        if (row.call_id == fresh.call_id &&
            (newest == nullptr || row.registered > newest->registered))
            newest = &row;
    }
    return newest;
}

} // namespace

std::uint16_t nat_interval(const Binding& fresh, std::span<const Binding> existing,
                           std::uint16_t longest) noexcept {
    const Binding* old = before(fresh, existing);
    if (old == nullptr || !has_mapping(fresh) || !has_mapping(*old) ||
        old->flow.remote.address != fresh.flow.remote.address)
        return 0;
    const bool lost = old->flow.remote.port != fresh.flow.remote.port &&
                      old->call_id == fresh.call_id && old->listener == fresh.listener;
    const int shortest = std::max(longest / 4, 1);
    const int was = old->keepalive == 0 ? longest : std::min(old->keepalive, longest);
    const int now = lost ? std::max(was / 2, shortest) : was;
    return static_cast<std::uint16_t>(now < longest ? now : 0);
}

std::uint8_t nat_interval_divisor(std::uint16_t found, std::uint16_t longest) noexcept {
    if (found == 0 || found >= longest)
        return 1;
    return found >= longest / 2 ? 2 : 4;
}

} // namespace roundabout::registration
