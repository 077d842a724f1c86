#include "proxy/sides.hpp"

#include "config/lookup.hpp"

#include <algorithm>
#include <chrono>

namespace roundabout::proxy {
namespace {

routing::ClientPlace client_place(const Flow& flow, const Snapshot& snapshot) {
    routing::ClientPlace place;
    place.transport = flow.transport;
    if (flow.listener < snapshot.listener_hashes.size())
        place.listener_hash = snapshot.listener_hashes[flow.listener];
    if (flow.transport == Transport::udp)
        place.remote = flow.remote;
    else
        place.flow = flow.id;
    return place;
}

routing::ServerPlace server_place(config::ServerIndex server, const IpAddress& address,
                                  const Snapshot& snapshot) {
    return {snapshot.server_hashes[server], address};
}

} // namespace

routing::Place place_of(const routing::Source& source, const Flow& flow, const Snapshot& snapshot) {
    if (source.kind == routing::Source::Kind::server)
        return server_place(source.server, flow.remote.address, snapshot);
    routing::ClientPlace place = client_place(flow, snapshot);
    place.binding = source.binding;
    return place;
}

routing::Place place_of(const routing::Target& target, const Flow& flow, const Snapshot& snapshot) {
    if (const auto* server = std::get_if<routing::ToServer>(&target.where))
        return server_place(server->server, flow.remote.address, snapshot);
    if (const auto* client = std::get_if<routing::ToClient>(&target.where)) {
        routing::ClientPlace place = client_place(flow, snapshot);
        place.binding = client->place.binding;
        return place;
    }
    return routing::HostPlace{flow.transport, flow.remote};
}

std::optional<routing::PathToken> path_of(const registration::RegisterPlan& plan, const Flow& flow,
                                          const Snapshot& snapshot, const routing::Tokens& tokens) {
    if (!plan.by_path || plan.contacts.empty())
        return std::nullopt;
    const auto stays = [](const registration::PlannedContact& contact) {
        return contact.requested != 0U;
    };
    const auto first = std::ranges::find_if(plan.contacts, stays);
    routing::PathToken token;
    token.server = tokens.name_hash(plan.path.server);
    token.outbound = plan.outbound;
    token.place = client_place(flow, snapshot);
    token.place.binding =
        (first != plan.contacts.end() ? *first : plan.contacts.front()).binding.id;
    return token;
}

routing::HopSide side_of(const Flow& flow, routing::Place place, config::ServerIndex server,
                         const Snapshot& snapshot) {
    routing::HopSide side;
    side.transport = flow.transport;
    side.place = place;
    if (flow.listener < snapshot.config->listeners.size()) {
        const config::Listener& listener = snapshot.config->listeners[flow.listener];
        side.reach = config::advertised_for(listener, flow.local.address);
        side.contact = config::contact_for(*snapshot.config, listener, flow.local.address);
    } else {
        side.reach = {flow.local.address.to_host(), flow.local.port};
        side.contact = side.reach;
    }
    if (server != config::no_server)
        side.rewrite_contact = snapshot.config->servers[server].rewrite_contact;
    return side;
}

std::uint32_t keep_of(const Flow& flow, const config::Config& config) noexcept {
    const auto interval = flow.transport == Transport::udp ? config.limits.udp_keepalive_interval
                                                           : config.limits.keepalive_interval;
    return static_cast<std::uint32_t>(std::chrono::ceil<std::chrono::seconds>(interval).count());
}

config::ServerIndex server_of(const routing::Target& target) noexcept {
    const auto* server = std::get_if<routing::ToServer>(&target.where);
    return server != nullptr ? server->server : config::no_server;
}

} // namespace roundabout::proxy
