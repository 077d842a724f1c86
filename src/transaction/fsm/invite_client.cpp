#include "transaction/fsm/invite_client.hpp"

#include <algorithm>

namespace roundabout::transaction::fsm {

InviteClient::InviteClient(Delivery delivery, TimePoint now, const Timers& timers) noexcept
    : timers_(timers)
    , delivery_(delivery)
    , interval_(timers.a())
    , retransmit_at_(delivery == Delivery::reliable ? never : now + timers.a())
    , give_up_at_(now + timers.b()) {}

Actions InviteClient::response(std::uint16_t status, TimePoint now) noexcept {
    switch (state_) {
    case State::calling:
    case State::proceeding:
        if (status < 200) {
            // Timer B ends with the first 1xx; the bound that a CANCEL set goes on.
            if (state_ == State::calling)
                give_up_at_ = never;
            retransmit_at_ = never;
            state_ = State::proceeding;
            return Action::pass_up;
        }
        retransmit_at_ = never;
        if (status < 300) {
            state_ = State::accepted;
            give_up_at_ = now + timers_.m();
            return Action::pass_up;
        }
        state_ = State::completed;
        give_up_at_ = now + timers_.d(delivery_);
        if (give_up_at_ == now)
            return terminate(Action::send_ack | Action::pass_up);
        return Action::send_ack | Action::pass_up;
    case State::completed:
        return status >= 300 ? Actions(Action::send_ack) : Actions();
    case State::accepted:
        return status >= 200 && status < 300 ? Actions(Action::pass_up) : Actions();
    case State::terminated:
        break;
    }
    return {};
}

Actions InviteClient::deadline_reached(TimePoint now) noexcept {
    if (now >= give_up_at_) {
        const bool unanswered = state_ == State::calling || state_ == State::proceeding;
        return terminate(unanswered ? Actions(Action::time_out) : Actions());
    }
    if (now >= retransmit_at_) {
        interval_ *= 2;
        retransmit_at_ = now + interval_;
        return Action::send_again;
    }
    return {};
}

Actions InviteClient::transport_failed() noexcept {
    if (state_ == State::calling || state_ == State::completed)
        return terminate(Action::transport_error);
    return {};
}

void InviteClient::cancel_sent(TimePoint now) noexcept {
    if (may_cancel() && give_up_at_ == never)
        give_up_at_ = now + timers_.after_cancel();
}

TimePoint InviteClient::deadline() const noexcept { return std::min(retransmit_at_, give_up_at_); }

Actions InviteClient::terminate(Actions actions) noexcept {
    state_ = State::terminated;
    retransmit_at_ = give_up_at_ = never;
    return actions | Action::end;
}

} // namespace roundabout::transaction::fsm
