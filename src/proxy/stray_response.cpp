#include "proxy/stray_response.hpp"

#include "base/ascii.hpp"
#include "proxy/deciding.hpp"
#include "proxy/log.hpp"
#include "proxy/reach.hpp"
#include "proxy/sending.hpp"
#include "proxy/sides.hpp"
#include "registration/aor.hpp"
#include "routing/branch.hpp"
#include "routing/hop.hpp"
#include "sip/uri.hpp"
#include "sip/values.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace roundabout::proxy {
namespace {

using registration::Binding;
using registration::BindingId;

ListenerIndex listener_of(const routing::Branch& branch, const Snapshot& snapshot) {
    for (std::size_t i = 0; i < snapshot.listener_hashes.size(); ++i) {
        if (static_cast<std::uint16_t>(snapshot.listener_hashes[i]) == branch.listener &&
            !snapshot.listener_names[i].empty())
            return static_cast<ListenerIndex>(i);
    }
    return no_listener;
}

/// Whom a Via names (RFC 3261 §18.2.2), as the peer of the listener that its request came by.
/// Nothing if that listener is gone, or the Via was never stamped by us.
std::optional<Flow> peer_of(const sip::Via& via, ListenerIndex listener, const Snapshot& snapshot) {
    const auto received = via.parameters.find("received");
    const auto address = IpAddress::parse(received.value_or(via.host));
    if (!address || listener == no_listener ||
        !ascii::iequals(via.transport, via_name(snapshot.config->listeners[listener].transport)))
        return std::nullopt;
    Flow flow;
    flow.transport = snapshot.config->listeners[listener].transport;
    flow.listener = listener;
    flow.remote.address = *address;
    flow.remote.port = via.port.value_or(default_port(flow.transport));
    if (const auto rport = via.parameters.find("rport")) {
        if (const auto port = ascii::to_number<std::uint16_t>(*rport))
            flow.remote.port = *port;
    }
    return flow;
}

/// The bindings that Record-Routes of ours name in this call.
std::vector<BindingId> bindings_on_route(const sip::Message& response, Services& services) {
    std::vector<BindingId> named;
    for (const sip::ValueAt& value : sip::values(response, sip::HeaderId::record_route)) {
        const auto route = sip::parse_name_addr(value.text);
        const auto uri = route ? sip::parse_uri(route->uri) : route.error();
        if (!uri || !uri->has_user)
            continue;
        const auto token = services.tokens.open_route(uri->user, sip::call_id(response));
        if (!token)
            continue;
        const auto* client = std::get_if<routing::ClientPlace>(&token->place);
        if (client != nullptr && client->binding)
            named.push_back(*client->binding);
    }
    return named;
}

/// The flow that the client at `peer` has now.
std::optional<Flow> newer_flow(const sip::Message& response, const Flow& peer, Services& services,
                               const Snapshot& snapshot) {
    const auto from = sip::from(response);
    const auto aor = from ? registration::canonical_aor(from->uri) : from.error();
    if (!aor)
        return std::nullopt;
    const std::vector<BindingId> named = bindings_on_route(response, services);
    std::vector<Flow> similar;
    for (const config::TrustedServer& server : snapshot.config->servers) {
        for (const Binding& binding : services.bindings.find_by_aor(server.name, *aor)) {
            if (!binding.reachable || binding.flow.transport != peer.transport)
                continue;
            if (std::ranges::find(named, binding.id) != named.end())
                return binding.flow;
            if (binding.flow.remote.address == peer.remote.address)
                similar.push_back(binding.flow);
        }
    }
    const bool one = !similar.empty() && std::ranges::all_of(similar, [&](const Flow& flow) {
        return flow.id == similar.front().id;
    });
    return one ? std::optional(similar.front()) : std::nullopt;
}

bool send_back(const transport::Inbound& stray, const Flow& to, Services& services,
               const Snapshot& snapshot) {
    const sip::Message& response = stray.message;
    const Flow& from = stray.flow;
    const routing::Source sender =
        source_of(response, from, stray.proved.get(), services, snapshot);
    const routing::Source towards = source_of(response, to, nullptr, services, snapshot);
    const routing::Place sent_by = place_of(sender, from, snapshot);
    const routing::HopSide in =
        side_of(to, place_of(towards, to, snapshot), towards.server, snapshot);
    const routing::Decision decision; // which end asked is forgotten; tokens work either way
    const auto cseq = sip::cseq(response);
    const bool trusted = sender.kind == routing::Source::Kind::server;
    const routing::ResponseHop hop{
        decision, sip::parse_method(cseq->method), in, sent_by, trusted, 0, {}};
    routing::ForwardedResponse forwarded =
        routing::forward_response(response, hop, services.tokens);
    if (forwarded.unsealed)
        services.counters.unsealed.add();
    log_response(response, from, to);
    log_message("sent", to, forwarded.bytes);
    const Bytes bytes(std::move(forwarded.bytes));
    return send_apart(to, bytes, kind_of(response), services).has_value();
}

/// To a server: by its own connection or a new one.
transaction::Task send_to_server(transaction::Loop& loop, Services& services, SnapshotPtr snapshot,
                                 transport::Inbound stray, routing::Target target) {
    const CandidatesPtr candidates = candidates_for(stray.message, services);
    const Result<Way> way =
        co_await reach(loop, services, snapshot, std::move(target), candidates, std::nullopt);
    if (way)
        send_back(stray, way->flow, services, *snapshot);
    else
        log_unreachable(stray.message, to_error(way.error()));
}

} // namespace

bool forward_stray(const transport::Inbound& stray, Services& services,
                   const SnapshotPtr& snapshot) {
    const sip::Message& response = stray.message;
    const auto cseq = sip::cseq(response);
    const auto vias = sip::values(response, sip::HeaderId::via);
    if (!cseq || cseq->method == "REGISTER" || vias.size() < 2)
        return false;
    const auto own = sip::parse_via(vias[0].text);
    const auto next = sip::parse_via(vias[1].text);
    const auto branch = own ? routing::read_branch(own->branch()) : std::nullopt;
    if (!branch || !next || !routing::is_authentic(services.keys, own->branch(), vias[1].text))
        return false;
    auto peer = peer_of(*next, listener_of(*branch, *snapshot), *snapshot);
    if (!peer)
        return false;
    if (peer->transport == Transport::udp) {
        peer->local = services.flows.local_for(peer->listener, peer->remote.address);
        return send_back(stray, *peer, services, *snapshot);
    }
    const routing::Source source = source_of(response, *peer, nullptr, services, *snapshot);
    if (source.kind == routing::Source::Kind::server) {
        routing::Target target;
        target.where = routing::ToServer{source.server, peer->remote.address};
        services.contexts.spawn(
            send_to_server(services.loop, services, snapshot, stray, std::move(target)));
        return true;
    }
    const auto newer = newer_flow(response, *peer, services, *snapshot);
    return newer && send_back(stray, *newer, services, *snapshot);
}

} // namespace roundabout::proxy
