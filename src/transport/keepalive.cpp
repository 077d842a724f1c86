#include "transport/keepalive.hpp"

#include <algorithm>

namespace roundabout::transport {

Keepalive::Step Keepalive::look(Clock::time_point now, Clock::time_point heard) noexcept {
    if (heard > quiet_since_) {
        quiet_since_ = heard;
        waits_ = false;
    }
    const Clock::time_point due = quiet_since_ + answer_time_;
    if (waits_ && answers() && now >= due) {
        if (now < due + late)
            return Step::dead;
        quiet_since_ = now;
    }
    if (now < quiet_since_ + interval_ || (waits_ && answers()))
        return Step::wait;
    if (waits_)
        answers_ = 0;
    quiet_since_ = now;
    waits_ = true;
    return Step::ping;
}

void Keepalive::answered(Clock::time_point now) noexcept {
    if (waits_ && now <= quiet_since_ + answer_time_)
        answers_ = std::min(answers_ + 1, enough_answers);
    waits_ = false;
}

Keepalive::Clock::time_point Keepalive::next() const noexcept {
    return quiet_since_ + (waits_ && answers() ? answer_time_ : interval_);
}

} // namespace roundabout::transport
