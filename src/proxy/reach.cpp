#include "proxy/reach.hpp"

#include "config/lookup.hpp"

#include <utility>
#include <vector>

namespace roundabout::proxy {
namespace {

using transaction::Async;
using transaction::Event;
using transaction::Loop;
using transaction::Mailbox;

/// What is to be dialled, before addresses are known.
struct Destination {
    std::string host;
    std::vector<IpAddress> addresses; ///< known ones, in order
    std::uint16_t port = 0;
    Transport transport = Transport::udp;
    std::string tls_name;
    std::uint16_t tls_profile = 0;
    std::string path = "/";
};

Result<Way> udp_way(const IpAddress& address, std::uint16_t port, ListenerIndex listener,
                    Services& services) {
    if (listener == no_listener)
        listener = services.flows.listener_for(Transport::udp, address);
    if (listener == no_listener)
        return Error::not_listening;
    Flow flow;
    flow.transport = Transport::udp;
    flow.listener = listener;
    flow.remote = {address, port};
    flow.local = services.flows.local_for(listener, address);
    return Way{flow, false};
}

Destination destination_of(const routing::ToServer& to, const Snapshot& snapshot) {
    const config::TrustedServer& server = snapshot.config->servers[to.server];
    const config::NextHop hop = config::next_hop(server);
    Destination destination;
    destination.host = hop.host.empty() ? server.hosts.front() : std::string(hop.host);
    destination.port = hop.port;
    destination.transport = hop.transport;
    destination.tls_name = config::expected_tls_name(server, destination.host);
    destination.tls_profile = static_cast<std::uint16_t>(to.server + 1);
    destination.path = server.path;
    if (!hop.host.empty()) {
        const auto known = snapshot.book->addresses(hop.host);
        destination.addresses.assign(known.begin(), known.end());
        return destination;
    }
    if (to.address)
        destination.addresses.push_back(*to.address);
    for (const IpAddress& address : snapshot.servers.of(to.server)) {
        if (address != to.address)
            destination.addresses.push_back(address);
    }
    return destination;
}

Destination destination_of(const routing::ToHost& to) {
    Destination destination;
    destination.host = to.host;
    destination.port = to.port;
    destination.transport = to.transport;
    destination.tls_name = to.host;
    if (const auto address = IpAddress::parse(to.host))
        destination.addresses.push_back(*address);
    return destination;
}

Destination destination_of(const routing::Target& target, const Snapshot& snapshot) {
    if (const auto* server = std::get_if<routing::ToServer>(&target.where))
        return destination_of(*server, snapshot);
    return destination_of(std::get<routing::ToHost>(target.where));
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

/// Live flow, then the binding's current flow (design: Tokens, precedence).
Result<Way> client_way(const routing::ClientPlace& place, Services& services,
                       const Snapshot& snapshot) {
    std::optional<registration::Found> found;
    if (place.binding)
        found = services.bindings.find(*place.binding);
    if (place.transport != Transport::udp) {
        const bool known_gone =
            found && !found->binding.reachable && found->binding.flow.id == place.flow;
        if (const auto flow = open_flow(place, services, snapshot); flow && !known_gone)
            return Way{*flow, false};
    } else if (!found || found->binding.flow.remote == place.remote) {
        return udp_way(place.remote.address, place.remote.port,
                       snapshot.listener_by_hash(place.listener_hash), services);
    }
    if (!found || !found->binding.reachable)
        return Error::flow_closed;
    const Flow& flow = found->binding.flow;
    if (flow.transport == Transport::udp)
        return udp_way(flow.remote.address, flow.remote.port, flow.listener, services);
    return Way{flow, false};
}

Async<Result<std::vector<IpAddress>>> addresses_of(Loop& loop, Services& services,
                                                   Destination destination) {
    if (!destination.addresses.empty())
        co_return std::move(destination.addresses);
    Mailbox<Event> inbox(loop);
    const transaction::OpenTicket ticket = services.layer.tickets.open(inbox);
    services.resolver.resolve(destination.host, ticket.number());
    const TimePoint deadline = loop.now() + std::chrono::seconds(10);
    while (true) {
        std::optional<Event> event = co_await inbox.next(deadline);
        if (!event)
            co_return Error::resolve_failed;
        if (auto* resolved = std::get_if<transport::Resolved>(&*event))
            co_return std::move(resolved->addresses);
    }
}

Async<Result<Way>> connect(Loop& loop, Services& services, transport::ConnectTarget target,
                           std::chrono::milliseconds bound) {
    Mailbox<Event> inbox(loop);
    const transaction::OpenTicket ticket = services.layer.tickets.open(inbox);
    const TimePoint started = loop.now();
    services.flows.connect(std::move(target), bound, ticket.number());
    const TimePoint deadline = started + bound + std::chrono::seconds(1);
    while (true) {
        std::optional<Event> event = co_await inbox.next(deadline);
        if (!event)
            co_return Error::connect_timeout;
        const auto* connected = std::get_if<transport::Connected>(&*event);
        if (connected == nullptr)
            continue;
        if (!connected->flow)
            co_return connected->flow.error();
        co_return Way{*connected->flow, connected->reused};
    }
}

} // namespace

std::optional<Result<Way>> reach_now(const routing::Target& target, Services& services,
                                     const Snapshot& snapshot) {
    if (const auto* client = std::get_if<routing::ToClient>(&target.where))
        return client_way(client->place, services, snapshot);
    const Destination destination = destination_of(target, snapshot);
    if (destination.transport != Transport::udp || destination.addresses.empty())
        return std::nullopt;
    return udp_way(destination.addresses.front(), destination.port, no_listener, services);
}

Async<Result<Way>> reach(Loop& loop, Services& services, SnapshotPtr snapshot,
                         routing::Target target, std::optional<Transport> transport) {
    if (const auto* client = std::get_if<routing::ToClient>(&target.where))
        co_return client_way(client->place, services, *snapshot);
    Destination destination = destination_of(target, *snapshot);
    if (transport)
        destination.transport = *transport;
    const Result<std::vector<IpAddress>> addresses =
        co_await addresses_of(loop, services, destination);
    if (!addresses)
        co_return addresses.error();
    Result<Way> way = Error::resolve_failed;
    for (const IpAddress& address : *addresses) {
        if (destination.transport == Transport::udp)
            co_return udp_way(address, destination.port, no_listener, services);
        transport::ConnectTarget dial;
        dial.transport = destination.transport;
        dial.remote = {address, destination.port};
        dial.tls_name = destination.tls_name;
        dial.tls_profile = destination.tls_profile;
        dial.host = destination.host + ":" + std::to_string(destination.port);
        dial.path = destination.path;
        dial.listener = services.flows.listener_for(destination.transport, address);
        way = co_await connect(loop, services, std::move(dial),
                               transport ? tcp_first_bound : connect_bound);
        if (way)
            co_return way;
    }
    co_return way;
}

transaction::Task reach_for(Loop& loop, Services& services, SnapshotPtr snapshot,
                            routing::Target target, std::optional<Transport> transport,
                            std::size_t branch, transaction::MailboxRef<Event> context) {
    const Result<Way> way =
        co_await reach(loop, services, std::move(snapshot), std::move(target), transport);
    transaction::Reached reached;
    reached.branch = branch;
    if (way) {
        reached.flow = way->flow;
        reached.reused = way->reused;
    } else {
        reached.flow = way.error();
    }
    context.put(std::move(reached));
}

} // namespace roundabout::proxy
