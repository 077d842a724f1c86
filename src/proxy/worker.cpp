#include "proxy/worker.hpp"

#include "proxy/answer.hpp"
#include "proxy/deciding.hpp"
#include "proxy/log.hpp"
#include "proxy/response_context.hpp"
#include "proxy/stateless.hpp"
#include "routing/branch.hpp"
#include "sip/parser.hpp"
#include "sip/values.hpp"

#include <utility>

namespace roundabout::proxy {

std::uint16_t owner_of(const sip::Message& message, const routing::KeyRing& keys,
                       std::uint16_t workers) {
    if (workers <= 1)
        return 0;
    if (message.is_response()) {
        const auto via = sip::top_via(message);
        const auto branch = via ? routing::read_branch(via->branch()) : std::nullopt;
        if (!branch)
            return 0;
        return branch->stream && branch->worker < workers
                   ? branch->worker
                   : static_cast<std::uint16_t>(branch->owner % workers);
    }
    return static_cast<std::uint16_t>(routing::owner_hash(keys.front().owner, message) % workers);
}

Worker::Worker(Services& services, std::vector<transport::Inbox*> inboxes)
    : services_(services)
    , inboxes_(std::move(inboxes)) {}

void Worker::take(transport::Arrival arrival) {
    std::visit([this](auto&& kind) { on(std::forward<decltype(kind)>(kind)); }, std::move(arrival));
}

void Worker::take(store::Outcome outcome) {
    if (const auto* committed = std::get_if<store::Committed>(&outcome))
        services_.layer.tickets.deliver(
            transaction::Committed{committed->ticket, committed->stored});
}

void Worker::on(const transport::Refused& refused) {
    services_.counters.requests_malformed.add();
    log_refused(refused.flow, refused.why);
}

void Worker::on(const transport::FlowClosed& closed) {
    services_.bindings.flow_closed(closed.flow.id);
    services_.watch.closed(closed.flow.id);
}

void Worker::on(transport::Connected connected) {
    services_.layer.tickets.deliver(std::move(connected));
}

void Worker::on(transport::SendFailed failed) { services_.layer.tickets.deliver(failed); }

void Worker::on(transport::Resolved resolved) {
    services_.layer.tickets.deliver(std::move(resolved));
}

void Worker::on(transport::Inbound inbound) {
    log_message("received", inbound.flow, inbound.message.bytes());
    if (const auto rejection = sip::check_message(inbound.message))
        refuse_malformed(inbound, *rejection);
    else if (inbound.message.is_response())
        take_response(std::move(inbound));
    else
        take_request(std::move(inbound));
}

void Worker::refuse_malformed(const transport::Inbound& inbound, const sip::Rejection& rejection) {
    services_.counters.requests_malformed.add();
    log_malformed(inbound.message, inbound.flow, rejection.error, rejection.field);
    if (inbound.message.is_response() || inbound.message.method() == sip::Method::ack)
        return;
    const routing::Source source =
        source_of(inbound.message, inbound.flow, services_, *services_.snapshot);
    const bool silent = source.kind == routing::Source::Kind::unknown &&
                        services_.snapshot->config->unknown_source == config::UnknownSource::drop;
    if (!silent)
        reply_once(inbound, source, rejection.status, {});
}

// Responses (RFC 3261 §16.7 step 1, §18.1.2).

void Worker::take_response(transport::Inbound inbound) {
    const auto via = sip::top_via(inbound.message);
    const auto branch = via ? routing::read_branch(via->branch()) : std::nullopt;
    if (!branch) { // R27
        services_.counters.responses_foreign.add();
        log_stray(inbound.message, inbound.flow, "the top Via is not ours");
        return;
    }
    const std::uint16_t owner =
        owner_of(inbound.message, services_.keys, static_cast<std::uint16_t>(inboxes_.size()));
    if (owner != services_.worker && is_reliable(inbound.flow.transport)) {
        inboxes_[owner]->put(std::move(inbound));
        return;
    }
    const auto stray = services_.layer.accept(std::move(inbound));
    if (!stray)
        return;
    if (forward_stray(stray->message, stray->flow, services_, *services_.snapshot)) {
        services_.counters.responses_stateless.add();
    } else {
        services_.counters.responses_stray.add();
        log_stray(stray->message, stray->flow, "no transaction");
    }
}

// Requests.

void Worker::take_request(transport::Inbound inbound) {
    auto fresh = services_.layer.accept(std::move(inbound));
    if (!fresh)
        return;
    const sip::Method method = fresh->message.method();
    if (draining_ && method != sip::Method::ack) // an ACK ends what is under way
        return;
    if (method == sip::Method::ack || method == sip::Method::cancel)
        services_.contexts.spawn(
            forward_stateless(services_.loop, services_, services_.snapshot, std::move(*fresh)));
    else
        begin(std::move(*fresh));
}

void Worker::begin(transport::Inbound inbound) {
    const SnapshotPtr snapshot = services_.snapshot;
    const routing::Source source = source_of(inbound.message, inbound.flow, services_, *snapshot);
    routing::Decision decision =
        decide(inbound.message, source, inbound.flow, services_, *snapshot);
    using Verdict = routing::Decision::Verdict;
    if (decision.verdict == Verdict::drop) {
        services_.counters.requests_dropped.add();
        log_dropped(inbound.message, inbound.flow, decision.rule);
        return;
    }
    if (decision.verdict == Verdict::reply)
        return reply(inbound, source, decision);
    Accepted accepted;
    accepted.owner = routing::owner_hash(services_.keys.front().owner, inbound.message);
    accepted.loop = routing::loop_hash(services_.keys.front().loop, inbound.message);
    accepted.flow = inbound.flow;
    accepted.source = source;
    accepted.decision = std::move(decision);
    accepted.snapshot = snapshot;
    accepted.request = std::make_shared<const sip::Message>(std::move(inbound.message));
    services_.contexts.spawn(serve(services_.loop, services_, std::move(accepted)));
}

void Worker::reply(const transport::Inbound& inbound, const routing::Source& source,
                   const routing::Decision& decision) {
    log_answered(inbound.message, inbound.flow, decision.status, decision.rule);
    if (source.kind == routing::Source::Kind::unknown)
        return reply_once(inbound, source, decision.status, decision.headers);
    services_.counters.requests_answered.add();
    auto request = std::make_shared<const sip::Message>(inbound.message);
    auto server = transaction::ServerTransaction::start(services_.layer, request, inbound.flow, {});
    server.respond(decision.status, Bytes(own_response(*request, inbound.flow, decision.status,
                                                       decision.headers, services_.keys)));
}

/// Without a transaction: an outsider must not be able to fill our tables.
void Worker::reply_once(const transport::Inbound& inbound, const routing::Source& source,
                        std::uint16_t status, std::string_view headers) {
    if (source.kind == routing::Source::Kind::unknown && !rejections_.pass(services_.loop.now())) {
        services_.counters.rejections_muted.add();
        return;
    }
    services_.counters.requests_answered.add();
    const Bytes response(
        own_response(inbound.message, inbound.flow, status, headers, services_.keys));
    services_.flows.send(inbound.flow, response, 0);
}

} // namespace roundabout::proxy
