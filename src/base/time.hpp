#pragma once

#include <chrono>
#include <cstdint>

namespace roundabout {

using Duration = std::chrono::nanoseconds;

/// A clock that the pure rooms never read: `now` is always an argument, and tests own it.
struct MonotonicClock {
    using rep = Duration::rep;
    using period = Duration::period;
    using duration = Duration;
    using time_point = std::chrono::time_point<MonotonicClock>;
    static constexpr bool is_steady = true;
};

/// A point on the monotonic clock; for timers and deadlines.
using TimePoint = MonotonicClock::time_point;

/// "No deadline".
inline constexpr TimePoint never = TimePoint::max();

/// Wall-clock seconds since the epoch; for what must outlive a restart (expiry of a binding).
using WallTime = std::chrono::sys_seconds;

} // namespace roundabout
