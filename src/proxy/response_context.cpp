#include "proxy/response_context.hpp"

#include "proxy/answer.hpp"
#include "proxy/log.hpp"
#include "proxy/sides.hpp"
#include "proxy/stateless.hpp"

#include <algorithm>
#include <utility>

namespace roundabout::proxy {

using transaction::Event;
using transaction::Loop;
using transaction::Mailbox;

namespace {

/// How much longer than the store itself a 2xx waits: the store answers first unless it hangs.
constexpr std::chrono::milliseconds commit_grace{500};

} // namespace

transaction::Task serve(Loop& loop, Services& services, Accepted accepted) {
    Mailbox<Event> inbox(loop);
    ResponseContext context(services, std::move(accepted), inbox);
    context.start();
    while (!context.finished()) {
        std::optional<Event> event = co_await inbox.next(context.deadline());
        if (!event)
            context.deadline_passed();
        else
            std::visit([&](auto&& kind) { context.take(std::move(kind)); }, std::move(*event));
    }
}

ResponseContext::ResponseContext(Services& services, Accepted accepted, Mailbox<Event>& inbox)
    : services_(services)
    , accepted_(std::move(accepted))
    , inbox_(inbox)
    , choice_(is_invite(), accepted_.decision.targets.size()) {
    const Snapshot& snapshot = *accepted_.snapshot;
    in_ = side_of(accepted_.flow,
                  place_of(accepted_.source, accepted_.flow, snapshot, services_.tokens),
                  accepted_.source.server, snapshot);
    ++services_.unanswered;
}

void ResponseContext::count_answered() noexcept {
    if (std::exchange(unanswered_, false))
        --services_.unanswered;
}

void ResponseContext::respond(std::uint16_t status, Bytes response) {
    if (status >= 200)
        count_answered();
    server_.respond(status, std::move(response));
}

void ResponseContext::start() {
    server_ = transaction::ServerTransaction::start(
        services_.layer, accepted_.request, accepted_.flow, transaction::MailboxRef<Event>(inbox_));
    for (routing::Target& target : accepted_.decision.targets)
        branches_.emplace_back().target = std::move(target);
    for (std::size_t i = 0; i < branches_.size(); ++i)
        find_way(i);
}

// Finding the way and sending (§16.6).

void ResponseContext::find_way(std::size_t branch) {
    const auto way = reach_now(branches_[branch].target, services_, *accepted_.snapshot);
    if (!way)
        look_for(branch, std::nullopt);
    else if (*way)
        send(branch, (*way)->flow);
    else
        fail(branch, 480); // only a client's flow can be known to be gone at once
}

void ResponseContext::look_for(std::size_t branch, std::optional<Transport> transport) {
    branches_[branch].reaching = true;
    services_.contexts.spawn(reach_for(services_.loop, services_, accepted_.snapshot,
                                       branches_[branch].target, transport, branch,
                                       transaction::MailboxRef<Event>(inbox_)));
}

void ResponseContext::take(transaction::Reached reached) {
    Branch& branch = branches_[reached.branch];
    branch.reaching = false;
    if (choice_.is_final(reached.branch) || choice_.answered()) // cancelled, or too late
        return;
    branch.reused = reached.reused;
    if (reached.flow) {
        send(reached.branch, *reached.flow);
    } else if (branch.tried_tcp && !branch.retried) {
        branch.retried = true;
        services_.tcp_failed_until[server_of(branch.target)] =
            services_.loop.now() + std::chrono::minutes(10);
        find_way(reached.branch);
    } else {
        log_unreachable(request(), to_error(reached.flow.error()));
        fail(reached.branch, 503);
    }
}

bool ResponseContext::wants_tcp(const Branch& branch, std::size_t size) const {
    constexpr std::size_t safe_datagram = 1300; // §18.1.1
    const config::ServerIndex server = server_of(branch.target);
    if (server == config::no_server || branch.tried_tcp || size <= safe_datagram)
        return false;
    const auto failed = services_.tcp_failed_until.find(server);
    return accepted_.snapshot->config->servers[server].large_requests ==
               config::LargeRequests::tcp_first &&
           (failed == services_.tcp_failed_until.end() || failed->second <= services_.loop.now());
}

void ResponseContext::send(std::size_t index, const Flow& flow) {
    Branch& branch = branches_[index];
    const Snapshot& snapshot = *accepted_.snapshot;
    branch.flow = flow;
    branch.out = side_of(flow, place_of(branch.target, flow, snapshot, services_.tokens),
                         server_of(branch.target), snapshot);
    if (request().method() == sip::Method::registers && !registering_) {
        const config::ServerIndex server = server_of(branch.target);
        Result<Registering> begun = Registering::begin(
            request(), snapshot.config->servers[server], accepted_.flow,
            snapshot.listener_name(accepted_.flow.listener), branch.out, services_);
        if (!begun)
            return fail(index, to_error(begun.error()) == Error::unsupported_scheme ? 416 : 400);
        registering_.emplace(std::move(*begun));
    }
    routing::Branch tag;
    tag.stream = is_reliable(accepted_.flow.transport);
    tag.worker = static_cast<std::uint8_t>(services_.worker);
    tag.target = static_cast<std::uint8_t>(index);
    tag.listener = listener_tag(accepted_.flow, snapshot);
    tag.owner = accepted_.owner;
    tag.loop = accepted_.loop;
    const routing::RequestHop hop{accepted_.decision,
                                  branch.target,
                                  in_,
                                  branch.out,
                                  accepted_.flow,
                                  tag,
                                  registering_ ? &registering_->plan() : nullptr};
    routing::ForwardedRequest forwarded =
        routing::forward_request(request(), hop, services_.tokens, services_.keys);
    if (flow.transport == Transport::udp && wants_tcp(branch, forwarded.bytes.size())) {
        branch.tried_tcp = true;
        return look_for(index, Transport::tcp);
    }
    if (branch.tried_tcp && flow.transport == Transport::tcp)
        services_.counters.large_by_tcp.add();
    if (forwarded.contact_too_long)
        services_.counters.contacts_too_long.add();
    log_forwarded(request(), accepted_.flow, flow, accepted_.decision.rule);
    transaction::ClientRequest out;
    out.key = transaction::fsm::ClientKey(forwarded.branch, request().method_name());
    log_message("sent", flow, forwarded.bytes);
    out.bytes = Bytes(std::move(forwarded.bytes));
    out.flow = flow;
    out.branch = index;
    branch.sent = true;
    if (flow.id)
        branch.watching = services_.watch.watch(flow.id, inbox_, index);
    if (is_invite())
        branch.timer_c = services_.loop.now() + transaction::fsm::Timers::c();
    branch.transaction = transaction::ClientTransaction::start(
        services_.layer, std::move(out), transaction::MailboxRef<Event>(inbox_));
    services_.counters.requests_forwarded.add();
}

// What comes back (§16.7).

void ResponseContext::take(transaction::BranchResponse response) {
    Branch& branch = branches_[response.branch];
    branch.heard = true;
    branch.watching.stop();
    const std::uint16_t status = response.message.status();
    if (status > 100 && status < 200 && branch.timer_c != never)
        branch.timer_c = services_.loop.now() + transaction::fsm::Timers::c();
    if (status >= 200) {
        branch.timer_c = never;
        if (registering_ && status >= 300)
            registering_->drop();
    }
    const Choice choice = choice_.take(response.branch, status);
    if (status >= 300) {
        branch.status = status;
        branch.final = std::move(response.message);
        act(choice, response.branch, nullptr);
    } else {
        act(choice, response.branch, &response.message);
    }
}

void ResponseContext::act(const Choice& choice, std::size_t branch, const sip::Message* response) {
    if (choice.cancel_others)
        cancel_pending();
    if (choice.forward && response != nullptr) {
        if (registering_ && response->status() >= 200)
            confirm(branch, *response);
        else
            pass_on(branch, *response);
    }
    if (!choice.best)
        return;
    const Branch& best = branches_[*choice.best];
    if (best.final)
        pass_on(*choice.best, *best.final);
    else
        answer(best.status);
}

void ResponseContext::pass_on(std::size_t index, const sip::Message& response) {
    const Branch& branch = branches_[index];
    routing::ResponseHop hop{accepted_.decision, request().method(), in_, branch.out, true, 0, {}};
    hop.from_trusted = server_of(branch.target) != config::no_server;
    hop.status = response.status() == 503 ? 500 : 0; // R32: 503 would speak of all our services
    std::string bytes = routing::forward_response(response, hop, services_.tokens);
    log_response(response, branch.flow, accepted_.flow);
    log_message("sent", accepted_.flow, bytes);
    const std::uint16_t status = hop.status != 0 ? hop.status : response.status();
    respond(status, Bytes(std::move(bytes)));
    services_.counters.responses_forwarded.add();
}

/// The bindings route at once; the 2xx leaves when they are on disk (design: Registrations).
void ResponseContext::confirm(std::size_t index, const sip::Message& response) {
    const Branch& branch = branches_[index];
    Registering::Confirmed confirmed = registering_->confirm(response);
    routing::ResponseHop hop{accepted_.decision, request().method(), in_, branch.out, true, 0, {}};
    hop.restored = confirmed.restored;
    std::string bytes = routing::forward_response(response, hop, services_.tokens);
    log_response(response, branch.flow, accepted_.flow);
    log_message("sent", accepted_.flow, bytes);
    services_.counters.responses_forwarded.add();
    if (confirmed.changes.empty()) {
        respond(response.status(), Bytes(std::move(bytes)));
        return;
    }
    held_ = Bytes(std::move(bytes));
    held_status_ = response.status();
    held_until_ = services_.loop.now() + accepted_.snapshot->config->store.wait + commit_grace;
    commit_ticket_ = services_.layer.tickets.open(inbox_);
    services_.store.commit(std::move(confirmed.changes),
                           {services_.worker, commit_ticket_.number()});
}

void ResponseContext::take(transaction::Committed committed) {
    if (!held_)
        return;
    if (!committed.stored) {
        services_.counters.stored_late.add();
        log_stored_late(request());
    }
    respond(held_status_, std::move(*held_));
    held_.reset();
    held_until_ = never;
}

void ResponseContext::take(transaction::BranchFailed failed) {
    Branch& branch = branches_[failed.branch];
    branch.watching.stop();
    branch.timer_c = never;
    const bool timeout = failed.why == Error::transaction_timeout;
    if (!timeout && branch.reused && !branch.heard && !branch.retried && !cancelled_) {
        branch.again = true; // once its transaction has left the table: the branch stays the same
        return;
    }
    if (!timeout)
        log_unreachable(request(), failed.why);
    const bool client = std::holds_alternative<routing::ToClient>(branch.target.where);
    fail(failed.branch, timeout ? 408 : client ? 480 : 503);
}

void ResponseContext::take(transaction::BranchEnded ended) {
    Branch& branch = branches_[ended.branch];
    branch.sent = false;
    branch.timer_c = never;
    branch.watching.stop();
    if (!std::exchange(branch.again, false))
        return;
    branch.retried = true;
    services_.counters.retried.add();
    find_way(ended.branch);
}

void ResponseContext::take(transaction::FlowLost lost) {
    Branch& branch = branches_[lost.branch];
    if (branch.sent && !branch.heard)
        branch.transaction.flow_lost();
}

void ResponseContext::fail(std::size_t index, std::uint16_t status) {
    branches_[index].status = status;
    if (registering_ && status >= 300)
        registering_->drop();
    act(choice_.take(index, status), index, nullptr);
}

/// A final response of our own, where no branch has a better one.
void ResponseContext::answer(std::uint16_t status) {
    if (status == 408 && !is_invite()) {
        count_answered();
        server_.abandon(); // RFC 4320 §4.2; R24
        return;
    }
    if (status == 480)
        services_.counters.unreachable.add();
    if (cancelled_)
        status = 487;
    const std::uint16_t sent = status == 503 ? 500 : status; // R32
    respond(sent, Bytes(own_response(request(), accepted_.flow, sent, {}, services_.keys)));
    services_.counters.requests_answered.add();
    log_answered(request(), accepted_.flow, sent, accepted_.decision.rule);
}

// CANCEL and Timer C (§16.10, §16.8).

void ResponseContext::cancel_pending() {
    for (std::size_t i = 0; i < branches_.size(); ++i) {
        if (!choice_.is_final(i) && branches_[i].sent)
            branches_[i].transaction.cancel();
    }
}

void ResponseContext::take(transaction::CancelReceived /*event*/) {
    cancelled_ = true;
    cancel_pending();
    for (std::size_t i = 0; i < branches_.size(); ++i) {
        if (!choice_.is_final(i) && !branches_[i].sent)
            fail(i, 487); // never sent: nobody else will answer (§9.2)
    }
}

TimePoint ResponseContext::deadline() const noexcept {
    TimePoint earliest = held_until_;
    for (const Branch& branch : branches_)
        earliest = std::min(earliest, branch.timer_c);
    return earliest;
}

void ResponseContext::deadline_passed() {
    if (held_until_ <= services_.loop.now())
        take(transaction::Committed{commit_ticket_.number(), false});
    for (Branch& branch : branches_) {
        if (branch.timer_c > services_.loop.now())
            continue;
        branch.timer_c = never;
        branch.transaction.cancel();
    }
}

// The way back is lost (R34), and an ACK that came by the INVITE's branch.

void ResponseContext::take(transaction::ResponseUnsent /*event*/) {
    services_.contexts.spawn(reply_elsewhere(services_.loop, services_, accepted_.snapshot,
                                             accepted_.request, in_.place, server_));
}

void ResponseContext::take(transaction::AckReceived ack) {
    services_.contexts.spawn(
        forward_stateless(services_.loop, services_, accepted_.snapshot, std::move(ack.ack)));
}

bool ResponseContext::finished() const noexcept {
    if (stopped_)
        return true;
    if (!server_ended_ || held_)
        return false;
    return std::ranges::none_of(branches_, [](const Branch& branch) {
        return branch.sent || branch.reaching || branch.again;
    });
}

} // namespace roundabout::proxy
