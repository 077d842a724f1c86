#include "proxy/worker.hpp"

#include "base/call_hash.hpp"
#include "proxy/answer.hpp"
#include "proxy/asking_store.hpp"
#include "proxy/deciding.hpp"
#include "proxy/log.hpp"
#include "proxy/response_context.hpp"
#include "proxy/reuse.hpp"
#include "proxy/sending.hpp"
#include "proxy/stateless.hpp"
#include "proxy/stray_response.hpp"
#include "routing/branch.hpp"
#include "sip/parser.hpp"
#include "sip/values.hpp"
#include "transaction/fsm/key.hpp"

#include <algorithm>
#include <utility>

namespace roundabout::proxy {

std::uint16_t owner_of(const sip::Message& message, const routing::KeyRing& keys,
                       std::uint16_t workers) {
    if (workers <= 1)
        return 0;
    if (message.is_response()) {
        const auto via = sip::top_via(message);
        const auto branch = via ? routing::read_branch(via->branch()) : std::nullopt;
        const auto worker = via ? routing::waiting_worker(*via) : std::nullopt;
        if (branch && branch->stream && worker && *worker < workers)
            return *worker;
    }
    const CallHash hash(keys.front().owner);
    return static_cast<std::uint16_t>(hash(sip::call_id(message)) % workers);
}

namespace {

std::string key_of(const transport::Inbound& request) {
    const auto key = transaction::fsm::ServerKey::of(request.message);
    return key ? key->text() : std::string();
}

} // namespace

Worker::Worker(Services& services, std::vector<transport::Inbox*> inboxes, RecentRequests& recent,
               SourceRates& rates)
    : services_(services)
    , inboxes_(std::move(inboxes))
    , recent_(recent)
    , rates_(rates) {}

void Worker::take(transport::Arrival&& arrival) {
    std::visit([this](auto&& kind) { on(std::forward<decltype(kind)>(kind)); }, std::move(arrival));
}

void Worker::take(store::Outcome outcome) {
    if (auto* found = std::get_if<store::FoundRows>(&outcome))
        take_rows(std::move(*found), services_);
    else if (const auto* committed = std::get_if<store::Committed>(&outcome))
        services_.layer.tickets.deliver(
            transaction::Committed{committed->ticket, committed->stored});
}

void Worker::on(const transport::Refused& refused) {
    services_.counters.requests_malformed.add();
    services_.measures.refused.add(refused.why);
    if (const auto kept_back = limit_log_.note(refused.why, services_.loop.now()))
        log_refused(refused.flow, refused.why, *kept_back);
}

void Worker::on(const transport::TurnedAway& away) {
    services_.measures.turned_away.add(away.why);
    if (const auto kept_back = limit_log_.note(away.why, services_.loop.now()))
        log_turned_away(away.flow, away.why, *kept_back);
}

void Worker::on(const transport::FlowClosed& closed) {
    services_.bindings.flow_closed(closed.flow.id);
    services_.watch.closed(closed.flow.id);
    if (lent_.erase(closed.flow.id) != 0)
        services_.flows.forget(closed.flow);
    if (closed.flow.id.worker != services_.worker)
        return; // the connection's own worker counts it
    tell_askers(closed);
    services_.measures.closed.add(closed.why);
    if (closed.why == Error::flow_closed || closed.why == Error::idle_timeout ||
        closed.why == Error::stopped)
        return;
    if (const auto kept_back = limit_log_.note(closed.why, services_.loop.now()))
        log_closed(closed.flow, closed.why, *kept_back);
}

/// Who has sent over it is to know that it is gone (R41), after what came over it was handed on.
void Worker::tell_askers(const transport::FlowClosed& closed) {
    for (std::size_t worker = 0; closed.askers != 0 && worker < inboxes_.size(); ++worker) {
        const bool asked = (closed.askers >> (worker % 64) & 1) != 0;
        if (asked && worker != services_.worker)
            inboxes_[worker]->put(transport::FlowClosed{closed.flow, closed.why});
    }
}

void Worker::on(transport::Connected connected) { services_.layer.tickets.deliver(connected); }

void Worker::on(transport::SendFailed failed) { services_.layer.tickets.deliver(failed); }

void Worker::on(transport::Resolved resolved) {
    services_.layer.tickets.deliver(std::move(resolved));
}

void Worker::on(transport::LookAgain news) { services_.layer.tickets.deliver(news); }

void Worker::on(transport::Inbound&& inbound) {
    if (inbound.asked == 0) {
        log_message("received", inbound.flow, inbound.message.bytes());
        if (services_.tap != nullptr && services_.tap->wanted())
            services_.tap->put(false, inbound.flow, services_.worker, inbound.message.bytes());
    }
    routing::Source source;
    // An ACK always passes: it ends what is under way, and makes nothing.
    if (inbound.message.is_request() && inbound.message.method() != sip::Method::ack) {
        source = source_of(inbound.message, inbound.flow, inbound.proved.get(), services_,
                           *services_.snapshot);
        if (inbound.asked == 0 && !is_within_rate(inbound, source))
            return;
    }
    if (const auto rejection = sip::check_message(inbound.message))
        refuse_malformed(inbound, source, *rejection);
    else if (inbound.message.is_response())
        take_response(std::move(inbound));
    else
        take_request(std::move(inbound), source);
}

void Worker::count_received(const transport::Inbound& inbound) {
    services_.layer.messages.add(transport::MessageCounts::Way::received, inbound.flow.transport,
                                 kind_of(inbound.message));
}

void Worker::refuse_malformed(const transport::Inbound& inbound, const routing::Source& source,
                              const sip::Rejection& rejection) {
    services_.counters.requests_malformed.add();
    services_.measures.refused.add(rejection.error);
    log_malformed(inbound.message, inbound.flow, rejection.error, rejection.field);
    if (inbound.message.is_response() || inbound.message.method() == sip::Method::ack)
        return;
    const bool silent = source.kind == routing::Source::Kind::unknown &&
                        services_.snapshot->config->unknown_source == config::UnknownSource::drop;
    if (!silent)
        reply_once(inbound, source, rejection.status, {});
}

// Responses (RFC 3261 §16.7 step 1, §18.1.2).

void Worker::take_response(transport::Inbound&& inbound) {
    if (inbound.asked == 0)
        count_received(inbound);
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
        ++inbound.asked;
        give_to(owner, std::move(inbound));
        return;
    }
    const auto stray = services_.layer.accept(std::move(inbound));
    if (!stray || (services_.before != nullptr && services_.before->take_response(*stray)))
        return;
    if (forward_stray(*stray, services_, services_.snapshot)) {
        services_.counters.responses_stateless.add();
    } else {
        services_.counters.responses_stray.add();
        log_stray(stray->message, stray->flow, "no transaction");
    }
}

// Limits.

/// Trusted servers send what they like, and so do registered clients unless they have a rate of
/// their own.
bool Worker::is_within_rate(const transport::Inbound& inbound, const routing::Source& source) {
    const config::Limits& limits = services_.snapshot->config->limits;
    const TimePoint now = services_.loop.now();
    const auto rate = [](std::uint64_t a_second, std::uint64_t burst) {
        return Rate{static_cast<double>(a_second), static_cast<double>(burst)};
    };
    if (source.kind == routing::Source::Kind::server)
        return true;
    if (source.binding) {
        if (limits.client_messages == 0 ||
            rates_.pass(rates_.key_of(inbound.flow),
                        rate(limits.client_messages, limits.client_burst), now))
            return true;
        refuse_overload(inbound, source, Error::client_message_limit);
        return false;
    }
    if (rates_.pass(rates_.key_of(inbound.flow.remote.address),
                    rate(limits.messages_per_source, limits.messages_burst), now))
        return true;
    services_.counters.source_limit.add();
    if (const auto kept_back = limit_log_.note(Error::source_message_limit, now))
        log_overload(inbound.message, inbound.flow, Error::source_message_limit, *kept_back);
    return false;
}

/// Each worker has its part of the transactions. A BYE that ends a dialog passes a quarter longer:
/// it makes room elsewhere.
bool Worker::has_room_for(const sip::Message& request) const {
    const std::size_t in_all = services_.snapshot->config->limits.transactions;
    const std::size_t part = std::max<std::size_t>(1, in_all / inboxes_.size());
    const bool ends_dialog = request.method() == sip::Method::bye;
    return services_.layer.servers.size() < part + (ends_dialog ? part / 4 + 1 : 0);
}

/// 503 without a transaction (RFC 3261 §21.5.4), or nothing to a source that is told nothing.
void Worker::refuse_overload(const transport::Inbound& inbound, const routing::Source& source,
                             Error why) {
    const config::Config& config = *services_.snapshot->config;
    (why == Error::transaction_limit ? services_.counters.transaction_limit
                                     : services_.counters.client_limit)
        .add();
    if (const auto kept_back = limit_log_.note(why, services_.loop.now()))
        log_overload(inbound.message, inbound.flow, why, *kept_back);
    if (source.kind == routing::Source::Kind::unknown &&
        config.unknown_source == config::UnknownSource::drop)
        return;
    const std::string wait = "Retry-After: " + std::to_string(config.limits.retry_after) + "\r\n";
    reply_once(inbound, source, 503, wait);
}

// Requests.

void Worker::take_request(transport::Inbound&& inbound, const routing::Source& source) {
    if (inbound.asked == 0)
        count_received(inbound);
    auto fresh = services_.layer.accept(std::move(inbound));
    if (!fresh || (services_.before != nullptr && services_.before->take_request(*fresh)) ||
        hand_on(*fresh))
        return;
    if (services_.bindings.complete())
        return take_new(std::move(*fresh), source);
    if (fresh->message.method() != sip::Method::ack && !asking_.insert(key_of(*fresh)).second)
        return; // a retransmission of one that waits
    services_.contexts.spawn(
        ask_store_first(services_.loop, services_, services_.snapshot, std::move(*fresh),
                        [this](transport::Inbound known) { take_known(std::move(known)); }));
}

/// While the store was asked, the INVITE of a CANCEL may have come first.
void Worker::take_known(transport::Inbound inbound) {
    asking_.erase(key_of(inbound));
    auto fresh = services_.layer.accept(std::move(inbound));
    if (!fresh)
        return;
    const routing::Source source =
        source_of(fresh->message, fresh->flow, fresh->proved.get(), services_, *services_.snapshot);
    take_new(std::move(*fresh), source);
}

void Worker::take_new(transport::Inbound&& inbound, const routing::Source& source) {
    const sip::Method method = inbound.message.method();
    if (draining_ && method != sip::Method::ack) // an ACK ends what is under way
        return;
    if (services_.handed_over && method == sip::Method::registers)
        return; // its client is about to lose this connection, and registers by a new one
    if (method == sip::Method::ack || method == sip::Method::cancel)
        services_.contexts.spawn(
            forward_stateless(services_.loop, services_, services_.snapshot, std::move(inbound)));
    else if (!has_room_for(inbound.message))
        refuse_overload(inbound, source, Error::transaction_limit);
    else
        begin(std::move(inbound), source);
}

/// A stream's request may belong to a transaction of another worker: its sender lost a connection
/// and came back, or uses several. Where nothing is known of it a CANCEL asks one worker after the
/// other, each once. True: it is another worker's now.
bool Worker::hand_on(transport::Inbound& inbound) {
    const auto workers = static_cast<std::uint16_t>(inboxes_.size());
    const auto others = static_cast<std::uint16_t>(workers - 1);
    if (inbound.asked >= others || !is_reliable(inbound.flow.transport))
        return false;
    const auto taken =
        recent_.worker_of(routing::owner_hash(services_.keys.front().owner, inbound.message));
    std::uint16_t next = services_.worker;
    if (taken && inbound.asked == 0) {
        next = *taken;
        inbound.asked = others; // if it is no longer there, nobody has it
    } else if (inbound.message.method() == sip::Method::cancel) {
        next = static_cast<std::uint16_t>((services_.worker + 1) % workers);
        ++inbound.asked;
    }
    if (next == services_.worker || next >= workers)
        return false;
    if (give_to(next, std::move(inbound)))
        services_.counters.requests_handed_on.add();
    return true;
}

/// False, and counted, if that worker has too much to do: lost, as on a full socket.
bool Worker::give_to(std::uint16_t worker, transport::Inbound&& inbound) {
    const bool taken = inboxes_[worker]->put(std::move(inbound));
    if (!taken)
        services_.layer.counters.events_dropped.add();
    return taken;
}

void Worker::begin(transport::Inbound&& inbound, const routing::Source& source) {
    const SnapshotPtr snapshot = services_.snapshot;
    lend(inbound, source, *snapshot);
    routing::Decision decision =
        decide(inbound.message, source, inbound.flow, services_, *snapshot);
    using Verdict = routing::Decision::Verdict;
    if (decision.verdict == Verdict::drop) {
        services_.counters.requests_dropped.add();
        services_.measures.dropped.add(decision.rule);
        log_dropped(inbound.message, inbound.flow, decision.rule);
        return;
    }
    if (decision.verdict == Verdict::reply)
        return reply(inbound, source, decision);
    services_.measures.forwarded.add(decision.rule);
    Accepted accepted;
    accepted.owner = routing::owner_hash(services_.keys.front().owner, inbound.message);
    accepted.loop = loop_of(inbound.message, source, services_, *snapshot);
    accepted.flow = inbound.flow;
    accepted.source = source;
    accepted.decision = std::move(decision);
    accepted.snapshot = snapshot;
    if (is_reliable(accepted.flow.transport))
        recent_.note(accepted.owner, services_.worker);
    accepted.request =
        HeldRequest(std::make_shared<const sip::Message>(std::move(inbound.message)));
    services_.contexts.spawn(serve(services_.loop, services_, std::move(accepted)));
}

/// A connection that its server opened serves requests to the server as well (R40).
void Worker::lend(const transport::Inbound& inbound, const routing::Source& source,
                  const Snapshot& snapshot) {
    if (lent_.contains(inbound.flow.id))
        return;
    const auto peer = lent_for(inbound, source, *snapshot.config);
    if (!peer)
        return;
    lent_.insert(inbound.flow.id);
    services_.flows.lend(inbound.flow, *peer);
}

void Worker::reply(const transport::Inbound& inbound, const routing::Source& source,
                   const routing::Decision& decision) {
    services_.measures.answered.add(decision.rule);
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
    send_apart(inbound.flow, response, {inbound.message.method(), status}, services_);
}

} // namespace roundabout::proxy
