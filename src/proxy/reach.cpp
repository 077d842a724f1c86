#include "proxy/reach.hpp"

#include "base/siphash.hpp"
#include "config/lookup.hpp"
#include "proxy/dialling.hpp"
#include "proxy/log.hpp"
#include "sip/locate.hpp"
#include "sip/values.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

namespace roundabout::proxy {
namespace {

using transaction::Async;
using transaction::Event;
using transaction::Loop;
using transaction::Mailbox;
using transaction::Taken;

/// DNS has its own bounds; this one is for a resolver that is gone.
constexpr std::chrono::seconds locate_bound{10};
/// A server that wants to be left alone for a day is asked sooner.
constexpr std::chrono::minutes longest_wait{10};

/// What failed lately goes last, the address that the dialog uses first.
void put_in_order(const routing::Target& target, Candidates& candidates, Services& services,
                  const Snapshot& snapshot) {
    candidates.put_failed_last(services.health, services.loop.now());
    const auto* to = std::get_if<routing::ToServer>(&target.where);
    if (to == nullptr || !to->address)
        return;
    const config::TrustedServer& server = snapshot.config->servers[to->server];
    if (server.routes.empty() && !candidates.put_first(*to->address))
        candidates.put_first({server.transport, {*to->address, server.port}}, 0);
}

void find_candidates(const routing::Target& target, Candidates& candidates, Services& services,
                     const Snapshot& snapshot) {
    if (const auto* elsewhere = std::get_if<routing::ToHost>(&target.where)) {
        if (IpAddress::parse(elsewhere->sought.host).has_value())
            candidates.add(
                sip::locate(elsewhere->sought, [](const DnsQuestion&) { return nullptr; }).location,
                0);
        return;
    }
    const auto& to = std::get<routing::ToServer>(target.where);
    const std::span<const config::ServerHost> hops = snapshot.servers.hops(to.server);
    for (std::size_t i = 0; i < hops.size(); ++i)
        candidates.add(hops[i].location, static_cast<std::uint16_t>(i));
    const config::TrustedServer& server = snapshot.config->servers[to.server];
    // A dialog's address without the port that DNS knows would be a guess.
    if (!candidates.empty() || server.fixed_port || !config::has_host_name(server))
        put_in_order(target, candidates, services, snapshot);
}

/// How the current candidate is dialled.
transport::ConnectTarget dial_for(const routing::Target& target, const Candidates& candidates,
                                  std::optional<Transport> transport, const Snapshot& snapshot) {
    Candidate place = candidates.place();
    place.transport = transport.value_or(place.transport);
    if (const auto* to = std::get_if<routing::ToServer>(&target.where))
        return dial_of(snapshot.config->servers[to->server],
                       snapshot.servers.hops(to->server)[candidates.host()].name, place);
    return dial_of(std::get<routing::ToHost>(target.where).sought.host, place);
}

/// What to look for where the snapshot does not know a place yet.
std::vector<Sought> sought_for(const routing::Target& target, const Snapshot& snapshot) {
    if (const auto* elsewhere = std::get_if<routing::ToHost>(&target.where))
        return {elsewhere->sought};
    const auto& to = std::get<routing::ToServer>(target.where);
    const config::TrustedServer& server = snapshot.config->servers[to.server];
    const TransportSet spoken = config::spoken_to_servers(*snapshot.config);
    const config::NextHop route = config::next_hop(server);
    if (!route.host.empty())
        return {config::sought_at(route, spoken)};
    std::vector<Sought> places;
    places.reserve(server.hosts.size());
    for (const std::string& host : server.hosts)
        places.push_back(config::sought_at(server, host, spoken));
    return places;
}

/// The flow of a connection that a token or a binding names, if it may still be open.
std::optional<Flow> open_flow(const routing::ClientPlace& place, Services& services,
                              const Snapshot& snapshot) {
    if (!place.flow)
        return std::nullopt;
    if (auto flow = services.flows.find(place.flow))
        return flow;
    if (place.flow.boot != services.boot || place.flow.worker == services.worker)
        return std::nullopt;
    // Another worker's: its own table decides when the bytes get there.
    Flow flow;
    flow.transport = place.transport;
    flow.id = place.flow;
    flow.listener = snapshot.listener_by_hash(place.listener_hash);
    if (flow.listener < snapshot.config->listeners.size())
        flow.local = snapshot.config->listeners[flow.listener].bind;
    return flow;
}

} // namespace

namespace {

/// The place is that of a client that comes back, whose REGISTER is under way.
bool is_pending_place(const routing::ClientPlace& place, const registration::Found& confirmed,
                      Services& services) {
    if (confirmed.binding.reachable)
        return false;
    const auto pending = services.bindings.find_pending(confirmed.binding.id);
    if (!pending || pending->flow.transport != place.transport)
        return false;
    return place.transport == Transport::udp ? pending->flow.remote == place.remote
                                             : pending->flow.id == place.flow;
}

} // namespace

/// Live flow, then the binding's current flow (design: Tokens, precedence).
Result<Way> client_way(const routing::ClientPlace& place, Services& services,
                       const Snapshot& snapshot) {
    std::optional<registration::Found> found;
    if (place.binding)
        found = services.bindings.find(*place.binding);
    // A pending one is reached by its own flow alone, which `place` then names.
    if (found && (found->pending || is_pending_place(place, *found, services)))
        found.reset();
    if (place.transport != Transport::udp) {
        // Another worker's flow may be closed without our knowing. What the client registered over
        // since then is the surer way; and if its binding has lost its flow, it was this one.
        const bool doubtful = place.flow.worker != services.worker && found &&
                              (!found->binding.reachable || found->binding.flow.id != place.flow);
        // The binding also knows who is at the other end of a connection that another worker has.
        if (const auto flow = open_flow(place, services, snapshot); flow && !doubtful)
            return Way{found && found->binding.flow.id == flow->id ? found->binding.flow : *flow,
                       false};
    } else if (!found || found->binding.flow.remote == place.remote) {
        return udp_way(place.remote.address, place.remote.port,
                       snapshot.listener_by_hash(place.listener_hash), services);
    }
    if (!found || !found->binding.reachable)
        return Error::flow_closed;
    const Flow& flow = found->binding.flow;
    if (flow.transport == Transport::udp)
        return udp_way(flow.remote.address, flow.remote.port,
                       snapshot.listener_name(flow.listener).empty() ? no_listener : flow.listener,
                       services);
    return Way{flow, false};
}

namespace {

Async<Result<Location>> location_of(Loop& loop, Services& services, Sought sought) {
    Mailbox<Event> inbox(loop);
    const transaction::OpenTicket ticket = services.layer.tickets.open(inbox);
    services.resolver.locate(sought, ticket.number());
    const TimePoint deadline = loop.now() + locate_bound;
    while (true) {
        Taken<Event> event = co_await inbox.next(deadline);
        if (!event)
            co_return Error::resolve_failed;
        if (auto* resolved = std::get_if<transport::Resolved>(&*event))
            co_return std::move(resolved->location);
    }
}

} // namespace

CandidatesPtr candidates_for(const sip::Message& request, const Services& services, bool sends) {
    SipHash hash(services.keys.front().owner);
    hash.field(sip::call_id(request));
    const bool answered =
        sends && request.method() != sip::Method::ack && request.method() != sip::Method::cancel;
    return std::make_shared<Candidates>(hash.finish(), answered);
}

std::optional<Result<Way>> reach_now(const routing::Target& target, Candidates& candidates,
                                     Services& services, const Snapshot& snapshot) {
    if (const auto* client = std::get_if<routing::ToClient>(&target.where))
        return client_way(client->place, services, snapshot);
    if (candidates.empty())
        find_candidates(target, candidates, services, snapshot);
    if (candidates.empty())
        return std::nullopt;
    for (; !candidates.used_up(); candidates.next()) {
        const Candidate& place = candidates.place();
        if (place.transport != Transport::udp)
            return std::nullopt;
        Result<Way> way = udp_way(place.remote.address, place.remote.port, no_listener, services);
        if (way)
            return way;
    }
    return Result<Way>(Error::not_listening);
}

Async<bool> find_places(Loop& loop, Services& services, SnapshotPtr snapshot,
                        routing::Target target, CandidatesPtr candidates) {
    if (candidates->empty())
        find_candidates(target, *candidates, services, *snapshot);
    if (!candidates->empty())
        co_return true;
    const std::vector<Sought> places = sought_for(target, *snapshot);
    for (std::size_t i = 0; i < places.size(); ++i) {
        const Result<Location> found = co_await location_of(loop, services, places[i]);
        if (found)
            candidates->add(*found, static_cast<std::uint16_t>(i));
    }
    if (!candidates->empty())
        put_in_order(target, *candidates, services, *snapshot);
    co_return !candidates->empty();
}

Async<Result<Way>> reach(Loop& loop, Services& services, SnapshotPtr snapshot,
                         routing::Target target, CandidatesPtr candidates,
                         std::optional<Transport> transport) {
    const bool client = std::holds_alternative<routing::ToClient>(target.where);
    if (!client && !co_await find_places(loop, services, snapshot, target, candidates))
        co_return Error::resolve_failed;
    Result<Way> way = Error::connect_timeout;
    while (true) {
        if (!transport) {
            std::optional<Result<Way>> now = reach_now(target, *candidates, services, *snapshot);
            if (now)
                co_return *now;
        }
        transport::ConnectTarget dial = dial_for(target, *candidates, transport, *snapshot);
        const auto bound = transport ? tcp_first_bound : connect_bound;
        way = co_await connect(loop, services, std::move(dial), bound);
        if (way || transport)
            co_return way;
        remember_failed(candidates->place(), services, *snapshot, 0);
        candidates->next();
        if (candidates->used_up())
            co_return way;
    }
}

transaction::Task reach_for(Loop& loop, Services& services, SnapshotPtr snapshot,
                            routing::Target target, CandidatesPtr candidates,
                            std::optional<Transport> transport, std::size_t branch,
                            transaction::MailboxRef<Event> context) {
    const Result<Way> way = co_await reach(loop, services, std::move(snapshot), std::move(target),
                                           std::move(candidates), transport);
    transaction::Reached reached;
    reached.branch = branch;
    if (way) {
        reached.flow = way->flow;
        reached.reused = way->reused;
    } else {
        reached.flow = way.error();
    }
    context.put(reached);
}

void remember_failed(const Candidate& place, Services& services, const Snapshot& snapshot,
                     std::uint32_t wait) {
    const TimePoint now = services.loop.now();
    Duration time = snapshot.config->retry_failed_after;
    if (wait != 0)
        time = std::min<Duration>(std::chrono::seconds(wait), longest_wait);
    if (services.health.failed(place, now, time, wait != 0))
        log_place(place, false);
}

} // namespace roundabout::proxy
