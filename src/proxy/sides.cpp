#include "proxy/sides.hpp"

#include "config/lookup.hpp"

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
                                  const Snapshot& snapshot, const routing::Tokens& tokens) {
    return {tokens.name_hash(snapshot.config->servers[server].name), address};
}

} // namespace

routing::Place place_of(const routing::Source& source, const Flow& flow, const Snapshot& snapshot,
                        const routing::Tokens& tokens) {
    if (source.kind == routing::Source::Kind::server)
        return server_place(source.server, flow.remote.address, snapshot, tokens);
    routing::ClientPlace place = client_place(flow, snapshot);
    place.binding = source.binding;
    return place;
}

routing::Place place_of(const routing::Target& target, const Flow& flow, const Snapshot& snapshot,
                        const routing::Tokens& tokens) {
    if (const auto* server = std::get_if<routing::ToServer>(&target.where))
        return server_place(server->server, flow.remote.address, snapshot, tokens);
    if (const auto* client = std::get_if<routing::ToClient>(&target.where)) {
        routing::ClientPlace place = client_place(flow, snapshot);
        place.binding = client->place.binding;
        return place;
    }
    return routing::HostPlace{flow.transport, flow.remote};
}

routing::HopSide side_of(const Flow& flow, routing::Place place, config::ServerIndex server,
                         const Snapshot& snapshot) {
    routing::HopSide side;
    side.transport = flow.transport;
    side.place = std::move(place);
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

config::ServerIndex server_of(const routing::Target& target) noexcept {
    const auto* server = std::get_if<routing::ToServer>(&target.where);
    return server != nullptr ? server->server : config::no_server;
}

} // namespace roundabout::proxy
