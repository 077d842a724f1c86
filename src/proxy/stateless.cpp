#include "proxy/stateless.hpp"

#include "proxy/answer.hpp"
#include "proxy/deciding.hpp"
#include "proxy/log.hpp"
#include "proxy/reach.hpp"
#include "proxy/sending.hpp"
#include "proxy/sides.hpp"
#include "proxy/waiting.hpp"
#include "routing/branch.hpp"
#include "routing/hop.hpp"
#include "routing/target_set.hpp"

#include <utility>

namespace roundabout::proxy {
namespace {

using transaction::Loop;
using transaction::Task;

void send_on(const sip::Message& request, const Flow& from, const Flow& to,
             const routing::Source& source, const routing::Decision& decision, std::size_t index,
             Services& services, const Snapshot& snapshot) {
    const routing::Target& target = decision.targets[index];
    const routing::HopSide in =
        side_of(from, place_of(source, from, snapshot), source.server, snapshot);
    const routing::HopSide out =
        side_of(to, place_of(target, to, snapshot), server_of(target), snapshot);
    routing::Branch tag;
    tag.stream = is_reliable(from.transport);
    tag.worker = static_cast<std::uint8_t>(services.worker);
    tag.target = static_cast<std::uint8_t>(index);
    tag.listener = listener_tag(from, snapshot);
    tag.owner = routing::owner_hash(services.keys.front().owner, request);
    tag.loop = loop_of(request, source, services, snapshot);
    routing::RequestHop hop{decision, target, in, out, from, tag};
    hop.keep = keep_of(from, *snapshot.config);
    Result<routing::ForwardedRequest> forwarded =
        routing::forward_request(request, hop, services.tokens, services.keys);
    if (!forwarded)
        return services.counters.unsealed.add();
    log_forwarded(request, from, to, decision.rule);
    log_message("sent", to, forwarded->bytes);
    const Bytes bytes(std::move(forwarded->bytes));
    if (const auto sent = send_apart(to, bytes, {request.method(), 0}, services); !sent)
        log_unreachable(request, to_error(sent.error()));
}

} // namespace

Task forward_stateless(Loop& loop, Services& services, SnapshotPtr snapshot,
                       transport::Inbound arrival) {
    const sip::Message& request = arrival.message;
    const routing::Source source =
        source_of(request, arrival.flow, arrival.proved.get(), services, *snapshot);
    routing::Decision decision = decide(request, source, arrival.flow, services, *snapshot);
    const bool cancel = request.method() == sip::Method::cancel;
    if (decision.verdict != routing::Decision::Verdict::forward) {
        const bool known = source.kind != routing::Source::Kind::unknown;
        if (cancel && known && decision.verdict == routing::Decision::Verdict::reply)
            send_apart(arrival.flow,
                       Bytes(own_response(request, arrival.flow, 481, {}, services.keys)),
                       {request.method(), 481}, services);
        services.counters.requests_dropped.add();
        services.measures.dropped.add(decision.rule);
        log_dropped(request, arrival.flow, decision.rule);
        co_return;
    }
    services.measures.forwarded.add(decision.rule);
    // A CANCEL goes to all that its INVITE went to at first; an ACK names one dialog.
    const std::size_t targets = cancel ? routing::group_size(decision.targets, 0) : 1;
    // By a connection a CANCEL comes once only; by UDP it is sent again.
    const bool waits = !cancel || (targets == 1 && is_reliable(arrival.flow.transport));
    for (std::size_t i = 0; i < targets; ++i) {
        routing::Target& target = decision.targets[i];
        const CandidatesPtr candidates = candidates_for(request, services);
        std::optional<Result<Way>> way = reach_now(target, *candidates, services, *snapshot);
        if (!way) {
            const Result<Way> reached =
                co_await reach(loop, services, snapshot, target, candidates, std::nullopt);
            way.emplace(reached);
        }
        if (!*way && waits && std::holds_alternative<routing::ToClient>(target.where)) {
            log_parked(request, arrival.flow);
            const auto bound = patience(request.method(), *snapshot->config);
            const Result<Way> late = co_await wait_for_client(loop, services, snapshot, target,
                                                              decision.in_dialog, bound);
            way.emplace(late);
        }
        if (!*way)
            log_unreachable(request, to_error(way->error()));
        else
            send_on(request, arrival.flow, (*way)->flow, source, decision, i, services, *snapshot);
        if (*way)
            (cancel ? services.counters.cancels_forwarded : services.counters.acks_forwarded).add();
    }
}

Task reply_elsewhere(Loop& loop, Services& services, SnapshotPtr snapshot,
                     std::shared_ptr<const sip::Message> request, routing::Place place,
                     transaction::ServerTransaction server) {
    routing::Target target;
    if (const auto* client = std::get_if<routing::ClientPlace>(&place)) {
        target.where = routing::ToClient{*client};
    } else if (const auto* host = std::get_if<routing::HostPlace>(&place)) {
        target.where = routing::to_host(*host);
    } else {
        const auto& known = std::get<routing::ServerPlace>(place);
        const config::ServerIndex index = snapshot->server_by_hash(known.name_hash);
        if (index != config::no_server)
            target.where = routing::ToServer{index, known.address};
    }
    const CandidatesPtr candidates = candidates_for(*request, services);
    const Result<Way> way =
        co_await reach(loop, services, snapshot, std::move(target), candidates, std::nullopt);
    if (way)
        server.reply_by(way->flow);
    else
        log_unreachable(*request, to_error(way.error()));
}

} // namespace roundabout::proxy
