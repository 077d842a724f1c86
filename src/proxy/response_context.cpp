#include "proxy/response_context.hpp"

#include "proxy/answer.hpp"
#include "proxy/log.hpp"
#include "proxy/sides.hpp"
#include "proxy/stateless.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

namespace roundabout::proxy {

using transaction::Event;
using transaction::Loop;
using transaction::Mailbox;
using transaction::Taken;

namespace {

/// For whoever is told by a 503 to come again (RFC 3261 §20.33): long enough for a disk to be
/// cleared, short enough for a phone that waits for calls.
constexpr std::string_view retry_after = "Retry-After: 10\r\n";

/// Not inlined: the messages that are made on the way would have their room in the frame of
/// `serve`, which an INVITE keeps while it rings.
[[gnu::noinline]] void give(ResponseContext& context, Event&& event) {
    std::visit([&](auto&& kind) { context.take(std::move(kind)); }, std::move(event));
}

} // namespace

transaction::Task serve(Loop& loop, Services& services, Accepted accepted) {
    Mailbox<Event> inbox(loop);
    ResponseContext context(services, accepted, inbox);
    context.start();
    while (!context.finished()) {
        Taken<Event> event = co_await inbox.next(context.deadline());
        if (!event)
            context.deadline_passed();
        else
            give(context, std::move(*event));
    }
}

ResponseContext::ResponseContext(Services& services, Accepted& accepted, Mailbox<Event>& inbox)
    : services_(services)
    , accepted_(accepted)
    , inbox_(inbox)
    , choice_(is_invite(), accepted_.decision.targets.size()) {
    const Snapshot& snapshot = *accepted_.snapshot;
    in_ = side_of(accepted_.flow, place_of(accepted_.source, accepted_.flow, snapshot),
                  accepted_.source.server, snapshot);
    ++services_.unanswered;
}

void ResponseContext::count_answered() noexcept {
    if (std::exchange(unanswered_, false))
        --services_.unanswered;
}

/// How long the sender has waited, once for the first response and once for the final one.
void ResponseContext::measure(std::uint16_t status) noexcept {
    const auto method = static_cast<std::size_t>(accepted_.request.method());
    const Duration waited = services_.loop.now() - arrived_;
    if (status > 100 && !std::exchange(measured_first_, true))
        services_.measures.first_response[method].add(waited);
    if (status >= 200 && !std::exchange(measured_final_, true))
        services_.measures.final_response[method].add(waited);
}

void ResponseContext::respond(std::uint16_t status, Bytes response) {
    measure(status);
    if (status >= 200)
        count_answered();
    server_.respond(status, std::move(response));
}

void ResponseContext::start() {
    server_ = transaction::ServerTransaction::start(services_.layer, accepted_.request.shared(),
                                                    accepted_.flow,
                                                    transaction::MailboxRef<Event>(inbox_));
    branches_.reserve(accepted_.decision.targets.size());
    for (routing::Target& target : accepted_.decision.targets) {
        Branch& branch = branches_.emplace_back();
        branch.target = std::move(target);
        branch.candidates = candidates_for(request(), services_);
    }
    begin_group();
    if (branches_.size() == 1) // no group follows; an INVITE may ring for long
        std::vector<routing::Target>().swap(accepted_.decision.targets);
}

// What comes back (§16.7).

void ResponseContext::take(transaction::BranchResponse response) {
    if (is_earlier(response.branch))
        return take_late(response.branch, *response.message);
    response.branch = branch_of(response.branch);
    Branch& branch = branches_[response.branch];
    branch.heard = true;
    branch.next_try = never;
    branch.watching.stop();
    const std::uint16_t status = response.message->status();
    if (status > 100 && status < 200 && !std::exchange(branch.ringing, true) && is_invite())
        keep_less();
    if (!answers_for_good(response.branch, *response.message))
        return;
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
        act(choice, response.branch, response.message.get());
    }
}

/// A branch that rings is sent nowhere else (failover.cpp), nor is one that has ended.
void ResponseContext::keep_less() {
    const auto goes_on = [this](std::size_t branch) {
        return !branches_[branch].ringing && !choice_.is_final(branch);
    };
    if (std::ranges::none_of(std::views::iota(std::size_t{0}, branches_.size()), goes_on))
        accepted_.request.keep_header();
}

void ResponseContext::act(const Choice& choice, std::size_t branch, const sip::Message* response) {
    if (choice.cancel_others) {
        settled_ = true;
        stop_pending();
    }
    if (choice.forward && response != nullptr) {
        if (registering_ && response->status() >= 200)
            confirm(branch, *response);
        else
            pass_on(branch, *response);
    }
    if (choice.next_group)
        begin_group();
    if (choice.best)
        finish(*choice.best);
}

/// Every branch has ended: the best final response goes up (§16.7 steps 6 to 9).
void ResponseContext::finish(std::size_t index) {
    const Branch& best = branches_[index];
    if (best.status == 408 && !is_invite()) {
        count_answered();
        server_.abandon(); // RFC 4320 §4.2; R24
    } else if (best.final) {
        pass_on(index, *best.final);
    } else {
        answer(best.status);
    }
}

void ResponseContext::pass_on(std::size_t index, const sip::Message& response) {
    const Branch& branch = branches_[index];
    const routing::Place from = place_of_branch(branch);
    routing::ResponseHop hop{
        accepted_.decision, accepted_.request.method(), in_, from, true, 0, {}};
    hop.from_trusted = server_of(branch.target) != config::no_server;
    hop.status = response.status() == 503 ? 500 : 0; // R32: 503 would speak of all our services
    const std::vector<const sip::Message*> challenges = other_challenges(index);
    hop.challenges = challenges;
    const std::uint16_t status = hop.status != 0 ? hop.status : response.status();
    respond(status, Bytes(made(index, response, hop)));
}

routing::Place ResponseContext::place_of_branch(const Branch& branch) const {
    return place_of(branch.target, branch.flow, *accepted_.snapshot);
}

/// The response as it goes up; counted and logged.
std::string ResponseContext::made(std::size_t index, const sip::Message& response,
                                  const routing::ResponseHop& hop) {
    routing::ForwardedResponse forwarded =
        routing::forward_response(response, hop, services_.tokens);
    if (forwarded.unsealed)
        services_.counters.unsealed.add();
    log_response(response, branches_[index].flow, accepted_.flow);
    log_message("sent", accepted_.flow, forwarded.bytes);
    services_.counters.responses_forwarded.add();
    return std::move(forwarded.bytes);
}

/// §16.7 step 7: whoever asks for credentials is to be heard, whichever of them goes up.
std::vector<const sip::Message*> ResponseContext::other_challenges(std::size_t index) const {
    const auto is_challenge = [](const Branch& branch) {
        return branch.final && (branch.status == 401 || branch.status == 407);
    };
    std::vector<const sip::Message*> others;
    if (!is_challenge(branches_[index]))
        return others;
    for (const Branch& branch : branches_) {
        if (&branch != &branches_[index] && is_challenge(branch))
            others.push_back(&*branch.final);
    }
    return others;
}

/// The bindings route at once; the 2xx leaves when they are on disk (design: Registrations).
void ResponseContext::confirm(std::size_t index, const sip::Message& response) {
    if (services_.handed_over) { // unanswered it comes again, to whoever can store it
        registering_->drop();
        count_answered();
        server_.abandon();
        return;
    }
    const Branch& branch = branches_[index];
    Registering::Confirmed confirmed = registering_->confirm(response);
    const routing::Place from = place_of_branch(branch);
    routing::ResponseHop hop{
        accepted_.decision, accepted_.request.method(), in_, from, true, 0, {}};
    hop.restored = confirmed.restored;
    std::string bytes = made(index, response, hop);
    if (confirmed.changes.empty()) {
        respond(response.status(), Bytes(std::move(bytes)));
        return;
    }
    held_ = Bytes(std::move(bytes));
    held_status_ = response.status();
    held_until_ = services_.loop.now() + accepted_.snapshot->config->store.wait;
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
        if (accepted_.snapshot->config->store.on_failure == config::OnStoreFailure::unavailable)
            return answer_unstored();
    }
    respond(held_status_, std::move(*held_));
    held_.reset();
    held_until_ = never;
}

/// The registrar has granted it and sends calls, so the binding goes on routing from memory, and is
/// written as soon as the disk takes it. The client has no promise of ours and comes again.
void ResponseContext::answer_unstored() {
    respond(503, Bytes(own_response(request(), accepted_.flow, 503, retry_after, services_.keys)));
    services_.counters.requests_answered.add();
    services_.counters.refused_unstored.add();
    held_.reset();
    held_until_ = never;
}

void ResponseContext::take(transaction::BranchFailed failed) {
    if (is_earlier(failed.branch))
        return;
    failed.branch = branch_of(failed.branch);
    Branch& branch = branches_[failed.branch];
    branch.watching.stop();
    branch.timer_c = never;
    branch.next_try = never;
    const bool timeout = failed.why == Error::transaction_timeout;
    const bool client = std::holds_alternative<routing::ToClient>(branch.target.where);
    const bool retry = branch.reused || (client && is_reliable(branch.flow.transport));
    if (!timeout && retry && !branch.heard && !branch.retried && !cancelled_) {
        branch.again = true; // once its transaction has left the table: the branch stays the same
        return;
    }
    if (!timeout)
        log_unreachable(request(), failed.why);
    if (!branch.heard && failed.why != Error::stopped) {
        remember_failed(branch, 0);
        // Timer F leaves no time: whoever sent this has given up as well (RFC 4320 §3).
        if ((!timeout || is_invite()) && try_next(failed.branch))
            return;
    }
    fail(failed.branch, timeout ? 408 : client ? status_of_gone(branch.target) : 503);
}

void ResponseContext::take(transaction::BranchEnded ended) {
    if (is_earlier(ended.branch)) {
        std::erase_if(earlier_, [&](const EarlierTry& one) { return one.number == ended.branch; });
        return;
    }
    ended.branch = branch_of(ended.branch);
    Branch& branch = branches_[ended.branch];
    branch.sent = false;
    branch.timer_c = never;
    branch.next_try = never;
    branch.watching.stop();
    if (!std::exchange(branch.again, false))
        return;
    branch.retried = true;
    services_.counters.retried.add();
    services_.flows.forget(branch.flow);
    if (!find_way(ended.branch))
        park(ended.branch);
}

void ResponseContext::take(transaction::FlowLost lost) {
    if (is_earlier(lost.branch))
        return;
    Branch& branch = branches_[branch_of(lost.branch)];
    if (branch.sent && !branch.heard)
        branch.transaction.flow_lost();
}

void ResponseContext::fail(std::size_t index, std::uint16_t status) {
    branches_[index].status = status;
    branches_[index].waiting.reset();
    if (registering_ && status >= 300)
        registering_->drop();
    act(choice_.take(index, status), index, nullptr);
}

/// A final response of our own, where no branch has a better one.
void ResponseContext::answer(std::uint16_t status) {
    if (status == 480 || status == 430)
        services_.counters.unreachable.add();
    if (cancelled_)
        status = 487;
    const std::uint16_t sent = status == 503 ? 500 : status; // R32
    respond(sent, Bytes(own_response(request(), accepted_.flow, sent, {}, services_.keys)));
    services_.counters.requests_answered.add();
    log_answered(request(), accepted_.flow, sent, accepted_.decision.rule);
}

// CANCEL and Timer C (§16.10, §16.8).

void ResponseContext::stop_pending() {
    for (std::size_t i = 0; i < choice_.begun(); ++i) {
        Branch& branch = branches_[i];
        if (choice_.is_final(i))
            continue;
        const bool lost = std::exchange(branch.again, false);
        if (branch.sent && !lost)
            branch.transaction.cancel();
        else
            fail(i, 487); // nobody has it: nobody else will answer (§9.2)
    }
}

void ResponseContext::take(transaction::CancelReceived /*event*/) {
    cancelled_ = true;
    choice_.close();
    stop_pending();
}

TimePoint ResponseContext::deadline() const noexcept {
    TimePoint earliest = held_until_;
    for (const Branch& branch : branches_)
        earliest = std::min(
            {earliest, branch.timer_c, branch.next_try, branch.waiting ? parked_until_ : never});
    return earliest;
}

void ResponseContext::deadline_passed() {
    if (held_until_ <= services_.loop.now())
        take(transaction::Committed{commit_ticket_.number(), false});
    for (std::size_t i = 0; i < branches_.size(); ++i) {
        Branch& branch = branches_[i];
        if (branch.waiting && parked_until_ <= services_.loop.now())
            look_again(i, true);
        if (branch.timer_c > services_.loop.now())
            continue;
        branch.timer_c = never;
        branch.transaction.cancel();
    }
    next_tries();
}

// The way back is lost (R34), and an ACK that came by the INVITE's branch.

void ResponseContext::take(transaction::ResponseUnsent /*event*/) {
    services_.contexts.spawn(reply_elsewhere(services_.loop, services_, accepted_.snapshot,
                                             accepted_.request.shared(), in_.place, server_));
}

void ResponseContext::take(transaction::AckReceived ack) {
    services_.contexts.spawn(
        forward_stateless(services_.loop, services_, accepted_.snapshot, std::move(*ack.ack)));
}

bool ResponseContext::finished() const noexcept {
    if (stopped_)
        return true;
    if (!server_ended_ || held_ || !earlier_.empty())
        return false;
    return std::ranges::none_of(branches_, [](const Branch& branch) {
        return branch.sent || branch.reaching || branch.again;
    });
}

} // namespace roundabout::proxy
