#include "registration/expiry_clock.hpp"

#include <algorithm>

namespace roundabout::registration {

ExpiryClock::ExpiryClock(ClockReading now, WallTime written) noexcept
    : last_(now)
    , anchor_(now)
    , hold_until_(now.steady + hold) {
    if (written != WallTime{})
        anchor_.wall = std::min(now.wall, written);
}

ExpiryClock::Time ExpiryClock::read(ClockReading now) noexcept {
    Time time;
    const auto drift = (now.wall - last_.wall) - (now.steady - last_.steady);
    if (std::chrono::abs(drift) > tolerance) {
        time.jump = drift;
        if (drift > tolerance)
            hold_until_ = now.steady + hold;
    }
    last_ = now;
    const bool ahead = now.wall > elapsed(now) + tolerance;
    if (!ahead || now.steady >= hold_until_)
        anchor_ = now;
    time.now = elapsed(now);
    return time;
}

} // namespace roundabout::registration
