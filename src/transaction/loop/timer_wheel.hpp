#pragma once

#include "base/time.hpp"
#include "transaction/loop/link.hpp"

#include <array>
#include <cstdint>

namespace roundabout::transaction {

/// What a timer wheel holds. Whoever waits has one as a member or a base, so that arming allocates
/// nothing. Destroying an armed node disarms it.
class TimerNode : public Link {
  public:
    /// Armed, or among the expired that nobody has taken yet.
    [[nodiscard]] bool pending() const noexcept { return linked(); }

  private:
    friend class TimerWheel;
    std::uint64_t tick_ = 0;
};

/// A hierarchical timer wheel (Varghese and Lauck 1987) of 1 ms ticks: eight levels of 64 slots,
/// which covers every TimePoint. It reads no clock. It never fires early; it fires at the first
/// `advance()` to or past the deadline rounded up to a whole millisecond.
class TimerWheel {
  public:
    explicit TimerWheel(TimePoint now) noexcept;
    TimerWheel(const TimerWheel&) = delete;
    TimerWheel& operator=(const TimerWheel&) = delete;
    ~TimerWheel() = default;

    /// Arms or re-arms. A deadline that has passed fires at the next `advance()`, whatever its
    /// argument; `never` disarms. O(1).
    void arm(TimerNode& node, TimePoint deadline) noexcept;
    /// O(1); nothing happens to a node that isn't armed.
    static void disarm(TimerNode& node) noexcept { node.unlink(); }

    /// Moves every node whose deadline has come to the end of `expired`, earlier ticks first, and
    /// within a tick in no particular order. Time never goes back: an older `now` counts as the
    /// last one. O(1) per node and level it passes through.
    void advance(TimePoint now, Link& expired) noexcept;

    /// When to call `advance()` next: never later than the earliest deadline. It may be earlier,
    /// where a far deadline has to be sorted more finely first; then that advance expires nothing.
    /// `never` if nothing is armed. O(1) amortised.
    [[nodiscard]] TimePoint next_deadline() noexcept;

  private:
    static constexpr unsigned slot_bits = 6;
    static constexpr unsigned slots = 1U << slot_bits;
    static constexpr unsigned levels = 8;
    struct Place {
        unsigned level = levels; ///< `levels`: there is none
        unsigned slot = 0;
        std::uint64_t tick = 0; ///< where the slot's span begins
    };

    void insert(TimerNode& node) noexcept;
    [[nodiscard]] Place first() noexcept;

    std::uint64_t current_; ///< everything up to this tick has expired
    Link overdue_;          ///< armed for a moment that had already passed
    /// A bit a slot of each level; may be stale where nodes were disarmed. Side by side, since each
    /// look at what comes first reads them all.
    std::array<std::uint64_t, levels> occupied_{};
    std::array<std::array<Link, slots>, levels> rings_;
};

} // namespace roundabout::transaction
