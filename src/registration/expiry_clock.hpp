#pragma once

#include "base/time.hpp"

#include <chrono>
#include <optional>

namespace roundabout::registration {

/// Both clocks at one instant.
struct ClockReading {
    WallTime wall;
    std::chrono::seconds steady{}; ///< since any fixed instant; counts while the machine sleeps
};

/// The time by which bindings expire. Expiry stands in wall-clock time, since it must survive a
/// restart, and wall clocks jump. Our expiry is no more than tidying: the registrar knows what is
/// registered and sends no calls for what is not. So whenever the clocks disagree, nobody is
/// forgotten: the time is the earlier one of the wall clock and of what the steady clock makes of
/// the last reading.
///
/// - A jump back: at once the wall clock's time. What was registered before it stays longer.
/// - A jump forward: elapsed time alone counts for `hold`, the usual time for which a registration
///   is granted. By then every client that is there has refreshed, in the new clock's time; then
///   the wall clock counts again, and what it has overtaken expires.
/// - A restart: the time when the store was last written is the last reading. A machine that starts
///   with a wrong clock forgets nobody before it is set.
///
/// A value; the same readings give the same times.
class ExpiryClock {
  public:
    static constexpr std::chrono::seconds hold{3600};
    /// Less is adjustment, not a jump.
    static constexpr std::chrono::seconds tolerance{5};

    /// `written`: when the store was last written; the epoch if never.
    ExpiryClock(ClockReading now, WallTime written) noexcept;

    struct Time {
        WallTime now;
        /// By how much the wall clock jumped since the last reading, back if negative.
        std::optional<std::chrono::seconds> jump;
    };
    /// One more reading, later than the last one by the steady clock.
    [[nodiscard]] Time read(ClockReading now) noexcept;

  private:
    /// What the wall clock would show now without its jumps.
    [[nodiscard]] WallTime elapsed(ClockReading now) const noexcept {
        return anchor_.wall + (now.steady - anchor_.steady);
    }

    ClockReading last_;
    ClockReading anchor_;
    std::chrono::seconds hold_until_{}; ///< by the steady clock
};

} // namespace roundabout::registration
