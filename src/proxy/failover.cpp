#include "base/ascii.hpp"
#include "proxy/log.hpp"
#include "proxy/response_context.hpp"

#include <algorithm>
#include <utility>

namespace roundabout::proxy {

// From one place of a target to the next, within the transaction (RFC 3263 §4.3; R32). A try that
// was given up is no answer of its branch, and its place is left alone for a while.

namespace {

/// More would be a server that nobody waits for.
constexpr std::size_t most_tries = 16;

/// In seconds; 0 if there is none (RFC 3261 §20.33).
std::uint32_t retry_after(const sip::Message& response) {
    const sip::HeaderField* field = response.find(sip::HeaderId::retry_after);
    if (field == nullptr)
        return 0;
    const std::string_view text = ascii::trim(response.text(field->value));
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    return ascii::to_number<std::uint32_t>(text.substr(0, digits)).value_or(0);
}

} // namespace

/// False for a 503 while there is another place: it says nothing about the request.
bool ResponseContext::answers_for_good(std::size_t index, const sip::Message& response) {
    const Branch& branch = branches_[index];
    if (branch.candidates->used_up())
        return true;
    if (response.status() != 503) {
        const Candidate& place = branch.candidates->place();
        if (services_.health.answered(place, services_.loop.now()))
            log_place(place, true);
        return true;
    }
    remember_failed(branch, retry_after(response));
    return !try_next(index);
}

void ResponseContext::remember_failed(const Branch& branch, std::uint32_t wait) {
    if (!branch.candidates->used_up())
        proxy::remember_failed(branch.candidates->place(), services_, *accepted_.snapshot, wait);
}

/// Sends the request to the next place, in a branch of its own (RFC 3263 §4.3). False if there is
/// none, if the callee rings already, or if nobody wants an answer any more.
bool ResponseContext::try_next(std::size_t index) {
    Branch& branch = branches_[index];
    if (cancelled_ || settled_ || choice_.answered() || branch.ringing ||
        !branch.candidates->has_next() || std::size_t{branch.attempt} + 1 >= most_tries)
        return false;
    branch.watching.stop();
    if (branch.sent) {
        if (is_invite())
            branch.transaction.cancel(); // leaves with its first 1xx, should one still come
        earlier_.push_back({try_number(index, branch.attempt), branch.flow,
                            std::exchange(branch.transaction, {})});
    }
    branch.candidates->next();
    ++branch.attempt;
    branch.timer_c = branch.next_try = never;
    branch.sent = branch.heard = branch.reused = branch.retried = branch.tried_tcp = false;
    services_.counters.tried_next.add();
    if (!find_way(index))
        park(index);
    return true;
}

/// Whoever is silent for too long. The request may have arrived there: a 2xx still counts.
void ResponseContext::next_tries() {
    for (std::size_t i = 0; i < branches_.size(); ++i) {
        Branch& branch = branches_[i];
        if (branch.next_try > services_.loop.now())
            continue;
        branch.next_try = never;
        remember_failed(branch, 0);
        log_silent(request(), branch.flow);
        static_cast<void>(try_next(i));
    }
}

/// What still comes of a try that was given up. A 2xx is passed on as every 2xx (R26); the rest was
/// no answer then and is none now.
void ResponseContext::take_late(std::size_t number, const sip::Message& response) {
    const auto found = std::ranges::find(earlier_, number, &EarlierTry::number);
    if (found == earlier_.end() || response.status() < 200 || response.status() >= 300)
        return;
    const std::size_t index = branch_of(number);
    Branch& branch = branches_[index];
    branch.next_try = never;
    if (is_invite() && branch.sent)
        branch.transaction.cancel();
    // It came from that place, by that side of ours.
    std::swap(branch.flow, found->flow);
    act(choice_.take(index, response.status()), index, &response);
    std::swap(branch.flow, found->flow);
}

} // namespace roundabout::proxy
