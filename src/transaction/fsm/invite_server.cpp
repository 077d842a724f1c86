#include "transaction/fsm/invite_server.hpp"

#include <algorithm>

namespace roundabout::transaction::fsm {

InviteServer::InviteServer(Delivery delivery, TimePoint now, const Timers& timers) noexcept
    : timers_(timers)
    , delivery_(delivery)
    , interval_(timers.g())
    , send_at_(now + Timers::trying()) {}

Actions InviteServer::request_again() const noexcept {
    const bool answer = state_ == State::completed || (state_ == State::proceeding && answered_);
    return answer ? Actions(Action::send_again) : Actions();
}

Actions InviteServer::ack(TimePoint now) noexcept {
    if (state_ == State::accepted)
        return Action::pass_up;
    if (state_ != State::completed)
        return {};
    state_ = State::confirmed;
    send_at_ = never;
    end_at_ = now + timers_.i(delivery_);
    return end_at_ == now ? terminate({}) : Actions();
}

Actions InviteServer::respond(std::uint16_t status, TimePoint now) noexcept {
    const bool success = status >= 200 && status < 300;
    if (state_ == State::accepted)
        return success ? Actions(Action::send) : Actions();
    if (state_ != State::proceeding)
        return {};
    answered_ = true;
    send_at_ = never;
    if (success) {
        state_ = State::accepted;
        end_at_ = now + timers_.l();
    } else if (status >= 300) {
        state_ = State::completed;
        end_at_ = now + timers_.h();
        if (delivery_ == Delivery::unreliable)
            send_at_ = now + interval_;
    }
    return Action::send;
}

Actions InviteServer::deadline_reached(TimePoint now) noexcept {
    if (now >= end_at_)
        return terminate(state_ == State::completed ? Actions(Action::time_out) : Actions());
    if (now < send_at_)
        return {};
    if (state_ == State::proceeding) {
        answered_ = true;
        send_at_ = never;
        return Action::send_trying;
    }
    interval_ = std::min(2 * interval_, timers_.t2);
    send_at_ = now + interval_;
    return Action::send_again;
}

Actions InviteServer::transport_failed() const noexcept {
    return state_ == State::terminated ? Actions() : Actions(Action::transport_error);
}

TimePoint InviteServer::deadline() const noexcept { return std::min(send_at_, end_at_); }

Actions InviteServer::terminate(Actions actions) noexcept {
    state_ = State::terminated;
    send_at_ = end_at_ = never;
    return actions | Action::end;
}

} // namespace roundabout::transaction::fsm
