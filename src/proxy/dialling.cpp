#include "proxy/dialling.hpp"

#include "config/lookup.hpp"
#include "transaction/events.hpp"
#include "transaction/loop/mailbox.hpp"

#include <utility>

namespace roundabout::proxy {

using transaction::Async;
using transaction::Event;
using transaction::Loop;
using transaction::Mailbox;
using transaction::Taken;

namespace {

transport::ConnectTarget dial_at(const std::string& host, const Candidate& place) {
    transport::ConnectTarget dial;
    dial.transport = place.transport;
    dial.remote = place.remote;
    const auto address = IpAddress::parse(host);
    dial.host = (address ? address->to_host() : host) + ":" + std::to_string(place.remote.port);
    return dial;
}

} // namespace

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

transport::ConnectTarget dial_of(const config::TrustedServer& server, const std::string& host,
                                 const Candidate& place) {
    transport::ConnectTarget dial = dial_at(host, place);
    dial.tls_name = config::expected_tls_name(server, host);
    dial.tls_profile = server.tls_profile;
    dial.path = server.path;
    return dial;
}

transport::ConnectTarget dial_of(const std::string& host, const Candidate& place) {
    transport::ConnectTarget dial = dial_at(host, place);
    dial.tls_name = host;
    return dial;
}

Async<Result<Way>> connect(Loop& loop, Services& services, transport::ConnectTarget target,
                           std::chrono::milliseconds bound) {
    target.listener = services.flows.listener_for(target.transport, target.remote.address);
    Mailbox<Event> inbox(loop);
    const transaction::OpenTicket ticket = services.layer.tickets.open(inbox);
    const TimePoint started = loop.now();
    services.flows.connect(std::move(target), bound, ticket.number());
    const TimePoint deadline = started + bound + std::chrono::seconds(1);
    while (true) {
        Taken<Event> event = co_await inbox.next(deadline);
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

} // namespace roundabout::proxy
