#include "proxy/stateless.hpp"

#include "base/ascii.hpp"
#include "proxy/answer.hpp"
#include "proxy/deciding.hpp"
#include "proxy/log.hpp"
#include "proxy/reach.hpp"
#include "proxy/sides.hpp"
#include "routing/branch.hpp"
#include "routing/hop.hpp"
#include "sip/values.hpp"

#include <utility>

namespace roundabout::proxy {
namespace {

using transaction::Loop;
using transaction::Task;

void send_on(const sip::Message& request, const Flow& from, const Flow& to,
             const routing::Source& source, const routing::Decision& decision, Services& services,
             const Snapshot& snapshot) {
    const routing::Target& target = decision.targets.front();
    const routing::HopSide in =
        side_of(from, place_of(source, from, snapshot, services.tokens), source.server, snapshot);
    const routing::HopSide out =
        side_of(to, place_of(target, to, snapshot, services.tokens), server_of(target), snapshot);
    routing::Branch tag;
    tag.stream = is_reliable(from.transport);
    tag.worker = static_cast<std::uint8_t>(services.worker);
    tag.listener = listener_tag(from, snapshot);
    tag.owner = routing::owner_hash(services.keys.front().owner, request);
    tag.loop = routing::loop_hash(services.keys.front().loop, request);
    const routing::RequestHop hop{decision, target, in, out, from, tag};
    routing::ForwardedRequest forwarded =
        routing::forward_request(request, hop, services.tokens, services.keys);
    log_forwarded(request, from, to, decision.rule);
    log_message("sent", to, forwarded.bytes);
    if (const auto sent = services.flows.send(to, Bytes(std::move(forwarded.bytes)), 0); !sent)
        log_unreachable(request, to_error(sent.error()));
}

/// The flow that a Via names for its responses (RFC 3261 §18.2.2), from the listener that our own
/// branch names; nothing for other transports than UDP, whose connections did not survive.
std::optional<Flow> flow_of_via(const sip::Via& via, std::uint16_t listener_hash,
                                Services& services, const Snapshot& snapshot) {
    const auto received = via.parameters.find("received");
    const auto address = IpAddress::parse(received.value_or(via.host));
    if (!ascii::iequals(via.transport, "UDP") || !address)
        return std::nullopt;
    Flow flow;
    flow.remote.address = *address;
    flow.remote.port = via.port.value_or(default_port(Transport::udp));
    if (const auto rport = via.parameters.find("rport")) {
        if (const auto port = ascii::to_number<std::uint16_t>(*rport))
            flow.remote.port = *port;
    }
    for (std::size_t i = 0; i < snapshot.listener_hashes.size(); ++i) {
        if (static_cast<std::uint16_t>(snapshot.listener_hashes[i]) == listener_hash)
            flow.listener = static_cast<ListenerIndex>(i);
    }
    if (flow.listener == no_listener)
        return std::nullopt;
    flow.local = services.flows.local_for(flow.listener, flow.remote.address);
    return flow;
}

} // namespace

Task forward_stateless(Loop& loop, Services& services, SnapshotPtr snapshot,
                       transport::Inbound arrival) {
    const sip::Message& request = arrival.message;
    const routing::Source source = source_of(request, arrival.flow, services, *snapshot);
    const routing::Decision decision = decide(request, source, arrival.flow, services, *snapshot);
    const bool cancel = request.method() == sip::Method::cancel;
    if (decision.verdict != routing::Decision::Verdict::forward) {
        const bool known = source.kind != routing::Source::Kind::unknown;
        if (cancel && known && decision.verdict == routing::Decision::Verdict::reply)
            services.flows.send(arrival.flow,
                                Bytes(own_response(request, arrival.flow, 481, {}, services.keys)),
                                0);
        services.counters.requests_dropped.add();
        log_dropped(request, arrival.flow, decision.rule);
        co_return;
    }
    std::optional<Result<Way>> way = reach_now(decision.targets.front(), services, *snapshot);
    if (!way) {
        Result<Way> reached =
            co_await reach(loop, services, snapshot, decision.targets.front(), std::nullopt);
        way.emplace(std::move(reached));
    }
    if (!*way) {
        log_unreachable(request, to_error(way->error()));
        co_return;
    }
    send_on(request, arrival.flow, (*way)->flow, source, decision, services, *snapshot);
    if (cancel)
        services.counters.cancels_forwarded.add();
    else
        services.counters.acks_forwarded.add();
}

bool forward_stray(const sip::Message& response, const Flow& flow, Services& services,
                   const Snapshot& snapshot) {
    const auto cseq = sip::cseq(response);
    const auto vias = sip::values(response, sip::HeaderId::via);
    if (!cseq || cseq->method == "REGISTER" || vias.size() < 2)
        return false;
    const auto own = sip::parse_via(vias[0].text);
    const auto next = sip::parse_via(vias[1].text);
    if (!own || !next || !routing::is_authentic(services.keys, own->branch(), vias[1].text))
        return false;
    const auto to =
        flow_of_via(*next, routing::read_branch(own->branch())->listener, services, snapshot);
    if (!to)
        return false;
    const routing::Source from = source_of(response, flow, services, snapshot);
    const routing::Source towards = source_of(response, *to, services, snapshot);
    const routing::HopSide out =
        side_of(flow, place_of(from, flow, snapshot, services.tokens), from.server, snapshot);
    const routing::HopSide in =
        side_of(*to, place_of(towards, *to, snapshot, services.tokens), towards.server, snapshot);
    const routing::Decision decision; // which end asked is forgotten; tokens work either way
    const bool trusted = from.kind == routing::Source::Kind::server;
    const routing::ResponseHop hop{decision, sip::parse_method(cseq->method), in, out, trusted, 0,
                                   {}};
    return services.flows
        .send(*to, Bytes(routing::forward_response(response, hop, services.tokens)), 0)
        .has_value();
}

Task reply_elsewhere(Loop& loop, Services& services, SnapshotPtr snapshot,
                     std::shared_ptr<const sip::Message> request, routing::Place place,
                     transaction::ServerTransaction server) {
    routing::Target target;
    if (const auto* client = std::get_if<routing::ClientPlace>(&place)) {
        target.where = routing::ToClient{*client};
    } else if (const auto* host = std::get_if<routing::HostPlace>(&place)) {
        target.where =
            routing::ToHost{host->remote.address.to_host(), host->remote.port, host->transport};
    } else {
        const auto& known = std::get<routing::ServerPlace>(place);
        for (std::size_t i = 0; i < snapshot->config->servers.size(); ++i) {
            if (services.tokens.name_hash(snapshot->config->servers[i].name) == known.name_hash)
                target.where =
                    routing::ToServer{static_cast<config::ServerIndex>(i), known.address};
        }
    }
    const Result<Way> way =
        co_await reach(loop, services, snapshot, std::move(target), std::nullopt);
    if (way)
        server.reply_by(way->flow);
    else
        log_unreachable(*request, to_error(way.error()));
}

} // namespace roundabout::proxy
