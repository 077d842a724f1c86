#include "proxy/answer.hpp"
#include "proxy/log.hpp"
#include "proxy/response_context.hpp"
#include "proxy/sides.hpp"
#include "routing/target_set.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace roundabout::proxy {

// Finding the way and sending (§16.6).

/// Those of one q in parallel; a lower one's turn comes when all of these have failed.
void ResponseContext::begin_group() {
    const auto& targets = accepted_.decision.targets;
    const std::size_t first = choice_.begun();
    const std::size_t size = routing::group_size(targets, first);
    const std::uint32_t breadth = routing::incoming_breadth(request());
    choice_.begin(size);
    std::vector<std::size_t> gone;
    for (std::size_t i = 0; i < size; ++i) {
        if (targets.size() > 1 || request().has(sip::HeaderId::max_breadth))
            branches_[first + i].breadth = routing::share_of_breadth(breadth, size, i);
        if (!find_way(first + i))
            gone.push_back(first + i);
    }
    for (const std::size_t branch : gone)
        park(branch);
}

/// False if it is a client whose flow is gone.
bool ResponseContext::find_way(std::size_t index) {
    const Branch& branch = branches_[index];
    const bool client = std::holds_alternative<routing::ToClient>(branch.target.where);
    const auto way = reach_now(branch.target, *branch.candidates, services_, *accepted_.snapshot);
    const bool again = way && *way && client && branch.retried && branch.flow.id &&
                       (*way)->flow.id == branch.flow.id;
    if (client && (!way || !*way || again))
        return false;
    if (!way)
        look_for(index, std::nullopt);
    else if (*way)
        send(index, (*way)->flow);
    else
        fail(index, 503);
    return true;
}

/// A client without a flow: the request waits for a new one, unless others of the fork live (R10).
void ResponseContext::park(std::size_t index) {
    Branch& branch = branches_[index];
    const auto lives = [](const Branch& other) {
        return other.sent || other.reaching || other.again;
    };
    if (parked_until_ == never)
        parked_until_ = services_.loop.now() +
                        patience(accepted_.request.method(), *accepted_.snapshot->config);
    if (parked_until_ > services_.loop.now() && std::ranges::none_of(branches_, lives))
        branch.waiting = std::make_unique<Waiting>(Waiting::begin(
            branch.target, accepted_.decision.in_dialog, branch.flow.id, services_, inbox_));
    if (!branch.waiting || !*branch.waiting) {
        branch.waiting.reset();
        return fail(index, status_of_gone(branch.target));
    }
    services_.counters.parked.add();
    log_parked(request(), accepted_.flow);
    look_again(index, false);
}

void ResponseContext::take(transport::LookAgain news) {
    for (std::size_t i = 0; i < branches_.size(); ++i) {
        if (branches_[i].waiting && branches_[i].waiting->ticket() == news.ticket)
            return look_again(i, is_invite() && services_.parked.closed());
    }
}

/// `last`: its time is up.
void ResponseContext::look_again(std::size_t index, bool last) {
    Branch& branch = branches_[index];
    const auto way = branch.waiting->look(branch.target, services_, *accepted_.snapshot);
    if (!way && !last)
        return;
    branch.waiting.reset();
    if (way && *way) {
        services_.counters.parked_delivered.add();
        send(index, (*way)->flow);
    } else {
        services_.counters.parked_given_up.add();
        fail(index, status_of_gone(branch.target));
    }
}

void ResponseContext::look_for(std::size_t branch, std::optional<Transport> transport) {
    branches_[branch].reaching = true;
    services_.contexts.spawn(reach_for(services_.loop, services_, accepted_.snapshot,
                                       branches_[branch].target, branches_[branch].candidates,
                                       transport, branch,
                                       transaction::MailboxRef<transaction::Event>(inbox_)));
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
        if (!find_way(reached.branch))
            park(reached.branch);
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

/// The answer where our own part in a request can't be made.
std::uint16_t ResponseContext::refusal_of(Error why) {
    if (why == Error::key_unusable)
        services_.counters.unsealed.add();
    return why == Error::key_unusable ? 500 : why == Error::unsupported_scheme ? 416 : 400;
}

void ResponseContext::send(std::size_t index, const Flow& flow) {
    Branch& branch = branches_[index];
    const Snapshot& snapshot = *accepted_.snapshot;
    branch.flow = flow;
    const routing::HopSide out_side =
        side_of(flow, place_of_branch(branch), server_of(branch.target), snapshot);
    if (accepted_.request.method() == sip::Method::registers &&
        (!registering_ || branch.attempt > 0)) {
        const config::ServerIndex server = server_of(branch.target);
        Result<Registering> begun = Registering::begin(
            request(), snapshot.config->servers[server], accepted_.flow,
            snapshot.listener_name(accepted_.flow.listener), out_side, services_);
        if (!begun)
            return fail(index, refusal_of(to_error(begun.error())));
        registering_.reset(); // of the place before
        registering_ = std::make_unique<Registering>(std::move(*begun));
    }
    routing::Branch tag;
    tag.stream = is_reliable(accepted_.flow.transport);
    tag.worker = static_cast<std::uint8_t>(services_.worker);
    tag.target = static_cast<std::uint8_t>(index);
    tag.attempt = static_cast<std::uint8_t>(branch.attempt);
    tag.listener = listener_tag(accepted_.flow, snapshot);
    tag.owner = accepted_.owner;
    tag.loop = accepted_.loop;
    const routing::RequestHop hop{
        accepted_.decision,
        branch.target,
        in_,
        out_side,
        accepted_.flow,
        tag,
        registering_ ? &registering_->plan() : nullptr,
        registering_ ? path_of(registering_->plan(), accepted_.flow, snapshot, services_.tokens)
                     : std::nullopt,
        branch.breadth,
        keep_of(accepted_.flow, *snapshot.config)};
    Result<routing::ForwardedRequest> made =
        routing::forward_request(request(), hop, services_.tokens, services_.keys);
    if (!made)
        return fail(index, refusal_of(to_error(made.error())));
    routing::ForwardedRequest& forwarded = *made;
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
    out.branch = try_number(index, branch.attempt);
    branch.sent = true;
    if (flow.id)
        branch.watching = services_.watch.watch(flow.id, inbox_, out.branch);
    if (is_invite())
        branch.timer_c = services_.loop.now() + transaction::fsm::Timers::c();
    if (branch.candidates->has_next())
        branch.next_try = services_.loop.now() + snapshot.config->try_next_after;
    branch.transaction = transaction::ClientTransaction::start(
        services_.layer, std::move(out), transaction::MailboxRef<transaction::Event>(inbox_));
    services_.counters.requests_forwarded.add();
}

} // namespace roundabout::proxy
