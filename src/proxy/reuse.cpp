#include "proxy/reuse.hpp"

#include "config/lookup.hpp"
#include "sip/values.hpp"

namespace roundabout::proxy {

std::optional<transport::LentFor> lent_for(const transport::Inbound& request,
                                           const routing::Source& source,
                                           const config::Config& config) {
    const Flow& flow = request.flow;
    if (source.kind != routing::Source::Kind::server || !flow.id || flow.outgoing)
        return std::nullopt;
    const config::TrustedServer& server = config.servers[source.server];
    if (server.reuse_inbound == config::ReuseInbound::never || server.transport != flow.transport)
        return std::nullopt;
    const auto via = sip::top_via(request.message);
    const bool says_alias = via && via->parameters.find("alias");
    const bool always = server.reuse_inbound == config::ReuseInbound::always;
    if (!says_alias && !always)
        return std::nullopt;
    if (is_secure(flow.transport) &&
        (!request.proved || !config::proves_server(server, *request.proved)))
        return std::nullopt;
    transport::LentFor peer;
    peer.transport = flow.transport;
    peer.remote = {flow.remote.address, server.port};
    peer.tls_profile = server.tls_profile;
    peer.listener = flow.listener;
    if (!always)
        peer.remote.port = via->port.value_or(default_port(flow.transport));
    return peer;
}

} // namespace roundabout::proxy
