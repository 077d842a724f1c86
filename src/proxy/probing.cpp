#include "proxy/probing.hpp"

#include "base/siphash.hpp"
#include "config/lookup.hpp"
#include "proxy/dialling.hpp"
#include "proxy/log.hpp"
#include "proxy/reach.hpp"
#include "proxy/sides.hpp"
#include "routing/branch.hpp"
#include "transaction/client_transaction.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace roundabout::proxy {
namespace {

using transaction::Async;
using transaction::Event;
using transaction::Loop;
using transaction::Mailbox;
using transaction::Taken;
using transaction::Task;

constexpr std::chrono::seconds look_anew{1};

/// One place that is probed; lives as long as it is, or as its last probe.
struct Probed {
    config::ServerIndex server = config::no_server;
    std::string host; ///< the one of the server's hosts that it belongs to
    Candidate place;
    Duration interval{};
    TimePoint next{};
    bool running = false;
};
using ProbedPtr = std::shared_ptr<Probed>;

std::vector<ProbedPtr> places_of(const Snapshot& snapshot, std::uint16_t worker,
                                 std::uint16_t workers) {
    std::vector<ProbedPtr> places;
    const auto add = [&](const Probed& probed) {
        const bool own = std::hash<Endpoint>{}(probed.place.remote) % workers == worker;
        const auto known = std::ranges::find_if(
            places, [&](const ProbedPtr& other) { return other->place == probed.place; });
        if (own && known == places.end())
            places.push_back(std::make_shared<Probed>(probed));
    };
    for (std::size_t i = 0; i < snapshot.config->servers.size(); ++i) {
        const auto server = static_cast<config::ServerIndex>(i);
        const Duration interval = snapshot.config->servers[i].probe;
        if (interval <= Duration::zero())
            continue;
        for (const config::ServerHost& host : snapshot.servers.hops(server)) {
            for (const ServiceHost& at : host.location) {
                for (const IpAddress& address : at.addresses) {
                    const Candidate place{at.transport, {address, at.port}};
                    add({server, host.name, place, interval, TimePoint{}, false});
                }
            }
        }
    }
    return places;
}

/// Places that were probed before keep their turn.
std::vector<ProbedPtr> taken_over(std::vector<ProbedPtr> places,
                                  const std::vector<ProbedPtr>& before, TimePoint now) {
    for (ProbedPtr& place : places) {
        const auto old = std::ranges::find_if(
            before, [&](const ProbedPtr& other) { return other->place == place->place; });
        place->next = now;
        if (old == before.end())
            continue;
        place->next = std::min((*old)->next, now + place->interval);
        place->running = (*old)->running;
        *(*old) = *place; // a probe under way says there when it has ended
        place = *old;
    }
    return places;
}

struct Options {
    std::string bytes;
    std::string branch;
};

/// RFC 3261 §11.1. The place itself is asked, not what may lie behind it.
Options make_options(const Probed& probed, const Flow& flow, Services& services,
                     const Snapshot& snapshot) {
    const config::Advertised us = side_of(flow, {}, config::no_server, snapshot).reach;
    const std::string here = us.host + ":" + std::to_string(us.port);
    SipHash hash(services.keys.front().owner);
    hash.field("probe").field(to_string(probed.place));
    hash.field((std::uint64_t{services.boot} << 16U) | services.worker);
    hash.field(static_cast<std::uint64_t>(services.loop.now().time_since_epoch().count()));
    routing::Branch tag;
    tag.stream = true; // then the Via says which worker the answer belongs to
    tag.worker = static_cast<std::uint8_t>(services.worker);
    tag.owner = hash.finish();
    Options options;
    options.branch = routing::seal_branch(services.keys.front().branch_mac, tag, {});
    const std::string name = options.branch.substr(options.branch.size() - 20);
    const auto address = IpAddress::parse(probed.host);
    const std::string to = "sip:" + (address ? address->to_host() : probed.host) + ":" +
                           std::to_string(probed.place.remote.port) +
                           ";transport=" + std::string(uri_parameter(probed.place.transport));
    options.bytes = "OPTIONS " + to + " SIP/2.0\r\nVia: SIP/2.0/" +
                    std::string(via_name(flow.transport)) + " " + here +
                    ";branch=" + options.branch + ";w=" + std::to_string(services.worker) +
                    "\r\nMax-Forwards: 70\r\nFrom: <sip:" + here + ">;tag=" + name + "\r\nTo: <" +
                    to + ">\r\nCall-ID: probe-" + name +
                    "\r\nCSeq: 1 OPTIONS\r\nAccept: application/sdp\r\nContent-Length: 0\r\n\r\n";
    return options;
}

/// The status of its answer. Errors: those of the way there, and transaction_timeout for silence.
Async<Result<std::uint16_t>> ask(Loop& loop, Services& services, SnapshotPtr snapshot,
                                 Probed probed) {
    const TimePoint deadline = loop.now() + snapshot->config->try_next_after;
    Result<Way> way = Error::not_listening;
    if (probed.place.transport == Transport::udp) {
        way = udp_way(probed.place.remote.address, probed.place.remote.port, no_listener, services);
    } else {
        transport::ConnectTarget dial =
            dial_of(snapshot->config->servers[probed.server], probed.host, probed.place);
        way = co_await connect(loop, services, std::move(dial),
                               std::min(connect_bound, snapshot->config->try_next_after));
    }
    if (!way)
        co_return way.error();
    Options options = make_options(probed, way->flow, services, *snapshot);
    log_message("sent", way->flow, options.bytes);
    transaction::ClientRequest request;
    request.key = transaction::fsm::ClientKey(options.branch, "OPTIONS");
    request.bytes = Bytes(std::move(options.bytes));
    request.flow = way->flow;
    Mailbox<Event> inbox(loop);
    transaction::ClientTransaction transaction = transaction::ClientTransaction::start(
        services.layer, std::move(request), transaction::MailboxRef<Event>(inbox));
    services.counters.probes.add();
    services.health.probe_sent(probed.place);
    while (true) {
        Taken<Event> event = co_await inbox.next(deadline);
        if (!event) {
            transaction.flow_lost(); // nobody waits for its answer any more
            services.flows.forget(way->flow);
            co_return Error::transaction_timeout;
        }
        if (const auto* response = std::get_if<transaction::BranchResponse>(&*event);
            response != nullptr && response->message->status() >= 200)
            co_return response->message->status();
        if (const auto* failed = std::get_if<transaction::BranchFailed>(&*event)) {
            if (way->reused)
                services.flows.forget(way->flow);
            co_return failed->why;
        }
    }
}

Task probe(Loop& loop, Services& services, SnapshotPtr snapshot, ProbedPtr place) {
    const Probed asked = *place;
    const Result<std::uint16_t> status = co_await ask(loop, services, snapshot, asked);
    place->running = false;
    if (status && *status != 503) {
        if (services.health.probe_answered(asked.place, loop.now()))
            log_place(asked.place, true);
        co_return;
    }
    services.counters.probes_failed.add();
    remember_failed(asked.place, services, *snapshot, 0);
}

} // namespace

Task probe_servers(Loop& loop, Services& services, transaction::Scope& scope,
                   std::uint16_t workers) {
    Mailbox<Event> nothing(loop);
    SnapshotPtr seen;
    std::vector<ProbedPtr> places;
    for (;;) {
        const TimePoint now = loop.now();
        if (seen != services.snapshot) {
            seen = services.snapshot;
            places = taken_over(places_of(*seen, services.worker, workers), places, now);
        }
        TimePoint wake = now + look_anew;
        for (const ProbedPtr& place : places) {
            if (place->next <= now) {
                place->next = now + place->interval;
                if (!std::exchange(place->running, true))
                    scope.spawn(probe(loop, services, seen, place));
            }
            wake = std::min(wake, place->next);
        }
        co_await nothing.next(wake);
    }
}

} // namespace roundabout::proxy
