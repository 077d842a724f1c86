#include "routing/source.hpp"

#include "config/lookup.hpp"

namespace roundabout::routing {
namespace {

config::ServerIndex server_at(const Flow& flow, const config::Config& config,
                              const config::ServerAddresses& servers, const SubjectNames* proved) {
    config::ServerIndex found = config::no_server;
    int best = 0;
    const auto candidates = servers.at(flow.remote.address);
    for (const auto& entry : candidates) {
        const config::TrustedServer& server = config.servers[entry.server];
        const bool matters = server.verify_inbound || candidates.size() > 1;
        const bool by_name = matters && proved != nullptr && config::proves_server(server, *proved);
        if (server.verify_inbound && !by_name)
            continue;
        const int rank = 1 + (by_name ? 2 : 0) + (server.transport == flow.transport ? 1 : 0);
        if (rank > best) {
            best = rank;
            found = entry.server;
        }
    }
    return found;
}

} // namespace

Source identify(const Flow& flow, const config::Config& config,
                const config::ServerAddresses& servers,
                std::optional<registration::BindingId> over_flow, const SubjectNames* proved) {
    Source source;
    source.binding = over_flow;
    // A connection that we opened ourselves leads to a server; no listener judges it.
    const bool known_listener = flow.listener < config.listeners.size();
    const bool serves_servers =
        flow.outgoing || (known_listener && config.listeners[flow.listener].serves_servers);
    if (serves_servers) {
        source.server = server_at(flow, config, servers, proved);
        if (source.server != config::no_server) {
            source.kind = Source::Kind::server;
            source.may_register = true;
            return source;
        }
    }
    if (!known_listener || !config.listeners[flow.listener].serves_clients)
        return source;
    source.may_register = config::client_allowed(config, flow.remote.address);
    if (source.may_register || over_flow)
        source.kind = Source::Kind::client;
    return source;
}

} // namespace roundabout::routing
