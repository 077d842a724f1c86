#include "transaction/fsm/non_invite_client.hpp"

#include <algorithm>

namespace roundabout::transaction::fsm {

NonInviteClient::NonInviteClient(Delivery delivery, TimePoint now, const Timers& timers) noexcept
    : timers_(timers)
    , delivery_(delivery)
    , interval_(timers.e())
    , retransmit_at_(delivery == Delivery::reliable ? never : now + timers.e())
    , give_up_at_(now + timers.f()) {}

Actions NonInviteClient::response(std::uint16_t status, TimePoint now) noexcept {
    switch (state_) {
    case State::trying:
    case State::proceeding:
        if (status < 200) {
            // Timer E runs on as it was set; only its next interval is T2.
            state_ = State::proceeding;
            return Action::pass_up;
        }
        state_ = State::completed;
        retransmit_at_ = never;
        give_up_at_ = now + timers_.k(delivery_);
        return give_up_at_ == now ? terminate(Action::pass_up) : Actions(Action::pass_up);
    case State::completed:
    case State::terminated:
        break;
    }
    return {};
}

Actions NonInviteClient::deadline_reached(TimePoint now) noexcept {
    if (now >= give_up_at_)
        return terminate(state_ == State::completed ? Actions() : Actions(Action::time_out));
    if (now >= retransmit_at_) {
        interval_ = state_ == State::proceeding ? timers_.t2 : std::min(2 * interval_, timers_.t2);
        retransmit_at_ = now + interval_;
        return Action::send_again;
    }
    return {};
}

Actions NonInviteClient::transport_failed() noexcept {
    if (state_ == State::trying || state_ == State::proceeding)
        return terminate(Action::transport_error);
    return {};
}

TimePoint NonInviteClient::deadline() const noexcept {
    return std::min(retransmit_at_, give_up_at_);
}

Actions NonInviteClient::terminate(Actions actions) noexcept {
    state_ = State::terminated;
    retransmit_at_ = give_up_at_ = never;
    return actions | Action::end;
}

} // namespace roundabout::transaction::fsm
