#include "transaction/fsm/non_invite_server.hpp"

namespace roundabout::transaction::fsm {

NonInviteServer::NonInviteServer(Delivery delivery, TimePoint /*now*/,
                                 const Timers& timers) noexcept
    : timers_(timers)
    , delivery_(delivery) {}

Actions NonInviteServer::request_again() const noexcept {
    const bool answer = state_ == State::proceeding || state_ == State::completed;
    return answer ? Actions(Action::send_again) : Actions();
}

Actions NonInviteServer::respond(std::uint16_t status, TimePoint now) noexcept {
    if (state_ == State::completed || state_ == State::terminated)
        return {};
    if (status < 200) {
        state_ = State::proceeding;
        return Action::send;
    }
    const Duration absorb = timers_.j(delivery_);
    if (absorb == Duration::zero()) {
        state_ = State::terminated;
        return Action::send | Action::end;
    }
    state_ = State::completed;
    end_at_ = now + absorb;
    return Action::send;
}

Actions NonInviteServer::deadline_reached(TimePoint now) noexcept {
    if (now < end_at_)
        return {};
    state_ = State::terminated;
    end_at_ = never;
    return Action::end;
}

Actions NonInviteServer::transport_failed() const noexcept {
    return state_ == State::terminated ? Actions() : Actions(Action::transport_error);
}

} // namespace roundabout::transaction::fsm
