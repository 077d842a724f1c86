#include "proxy/waiting.hpp"

#include "routing/request_uri.hpp"

#include <algorithm>
#include <utility>

namespace roundabout::proxy {
namespace {

using registration::Found;
using transaction::Event;
using transaction::Mailbox;
using transaction::Taken;

/// The binding that leads to a client, unless it has ended.
std::optional<Found> awaited(const routing::Target& target, Services& services) {
    const auto* client = std::get_if<routing::ToClient>(&target.where);
    if (client == nullptr || !client->place.binding)
        return std::nullopt;
    std::optional<Found> found = services.bindings.find(*client->place.binding);
    if (found && !found->pending && found->binding.expires <= services.expiry_clock())
        found.reset();
    return found;
}

} // namespace

std::chrono::milliseconds patience(sip::Method method, const config::Config& config) {
    return method == sip::Method::invite ? config.park : std::min(config.park, silent_wait);
}

std::uint16_t status_of_gone(const routing::Target& target) noexcept {
    const auto* client = std::get_if<routing::ToClient>(&target.where);
    return client != nullptr && client->outbound ? 430 : 480;
}

Waiting Waiting::begin(const routing::Target& target, bool in_dialog, FlowId lost,
                       Services& services, Mailbox<Event>& inbox) {
    Waiting waiting;
    const auto found = awaited(target, services);
    if (!found)
        return waiting;
    const registration::Binding& binding = found->binding;
    if (!in_dialog && services.bindings.reaches_another(binding.server, binding.aor, binding.id))
        return waiting;
    waiting.ticket_ = services.layer.tickets.open(inbox);
    waiting.place_ = services.parked.park(binding.id, services.worker, waiting.ticket_.number());
    waiting.lost_ = lost;
    waiting.in_dialog_ = in_dialog;
    return waiting;
}

std::optional<Result<Way>> Waiting::look(routing::Target& target, Services& services,
                                         const Snapshot& snapshot) {
    follow(target, services);
    const auto found = awaited(target, services);
    if (!found)
        return Result<Way>(Error::flow_closed);
    routing::ClientPlace& place = std::get<routing::ToClient>(target.where).place;
    if (lost_ && place.flow == lost_)
        place.flow = {};
    const registration::Binding& binding = found->binding;
    if (!found->pending && binding.reachable && (!lost_ || binding.flow.id != lost_))
        return client_way(place, services, snapshot);
    if (!place_)
        return Result<Way>(Error::flow_closed);
    return std::nullopt;
}

/// Within a dialog the Request-URI is what the dialog says, whatever the device is registered as.
void Waiting::follow(routing::Target& target, Services& services) {
    const auto moved_to = place_.moved_to();
    if (!moved_to)
        return;
    std::get<routing::ToClient>(target.where).place.binding = moved_to;
    place_ = services.parked.park(*moved_to, services.worker, ticket_.number());
    const auto found = services.bindings.find(*moved_to);
    if (found && !in_dialog_)
        target.request_uri = routing::without_headers(found->binding.contact_uri);
}

transaction::Async<Result<Way>> wait_for_client(transaction::Loop& loop, Services& services,
                                                SnapshotPtr snapshot, routing::Target& target,
                                                bool in_dialog, std::chrono::milliseconds bound) {
    Mailbox<Event> inbox(loop);
    const TimePoint deadline = loop.now() + bound;
    Waiting waiting;
    if (bound > bound.zero())
        waiting = Waiting::begin(target, in_dialog, FlowId{}, services, inbox);
    if (!waiting)
        co_return Error::flow_closed;
    services.counters.parked.add();
    while (true) {
        const auto way = waiting.look(target, services, *snapshot);
        if (way && *way)
            services.counters.parked_delivered.add();
        if (way && *way)
            co_return **way;
        Taken<Event> event;
        if (!way)
            event = co_await inbox.next(deadline);
        if (!event)
            break;
    }
    services.counters.parked_given_up.add();
    co_return Error::flow_closed;
}

} // namespace roundabout::proxy
