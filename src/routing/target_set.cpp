#include "routing/target_set.hpp"

#include "config/lookup.hpp"
#include "sip/values.hpp"

#include <algorithm>
#include <variant>

namespace roundabout::routing {
namespace {

registration::BindingId binding_of(const Target& target) noexcept {
    const auto* client = std::get_if<ToClient>(&target.where);
    return client != nullptr ? client->place.binding.value_or(registration::BindingId{})
                             : registration::BindingId{};
}

Transport transport_of(const Target& target, const config::Config& config) {
    if (const auto* server = std::get_if<ToServer>(&target.where))
        return config::next_hop(config.servers[server->server]).transport;
    if (const auto* client = std::get_if<ToClient>(&target.where))
        return client->place.transport;
    const Sought& sought = std::get<ToHost>(target.where).sought; // a SIPS URI leads to TLS or WSS
    return sought.secure ? Transport::tls : sought.transport.value_or(sought.fallback);
}

} // namespace

void drop_insecure(std::vector<Target>& targets, const config::Config& config) {
    std::erase_if(targets,
                  [&](const Target& target) { return !is_secure(transport_of(target, config)); });
}

void put_in_order(std::vector<Target>& targets) {
    std::ranges::sort(targets, [](const Target& a, const Target& b) {
        return a.q != b.q ? a.q > b.q : binding_of(a).bytes < binding_of(b).bytes;
    });
    if (targets.size() > targets_limit)
        targets.erase(targets.begin() + targets_limit, targets.end());
}

std::size_t group_size(std::span<const Target> targets, std::size_t first) noexcept {
    std::size_t end = first;
    while (end < targets.size() && targets[end].q == targets[first].q)
        ++end;
    return end - first;
}

std::uint32_t incoming_breadth(const sip::Message& request) noexcept {
    const sip::HeaderField* row = request.find(sip::HeaderId::max_breadth);
    if (row == nullptr)
        return breadth_limit;
    const auto named = sip::parse_delta_seconds(request.text(row->value)); // digits, no overflow
    return named ? std::min(*named, breadth_limit) : breadth_limit;
}

bool exceeds_breadth(std::span<const Target> targets, std::uint32_t breadth) noexcept {
    for (std::size_t first = 0; first < targets.size();) {
        const std::size_t size = group_size(targets, first);
        if (size > breadth)
            return true;
        first += size;
    }
    return false;
}

std::uint32_t share_of_breadth(std::uint32_t breadth, std::size_t size,
                               std::size_t index) noexcept {
    const auto members = static_cast<std::uint32_t>(size);
    return breadth / members + (index < breadth % members ? 1 : 0);
}

} // namespace roundabout::routing
