#include "transaction/loop/timer_wheel.hpp"

#include <algorithm>
#include <bit>

namespace roundabout::transaction {

namespace {

constexpr std::int64_t nanoseconds_per_tick = 1'000'000;

/// The last tick that `moment` has reached.
std::uint64_t tick_reached(TimePoint moment) noexcept {
    const auto count = std::max<std::int64_t>(moment.time_since_epoch().count(), 0);
    return static_cast<std::uint64_t>(count / nanoseconds_per_tick);
}

/// The first tick at which `moment` has been reached.
std::uint64_t tick_reaching(TimePoint moment) noexcept {
    const auto count = std::max<std::int64_t>(moment.time_since_epoch().count(), 0);
    const auto whole = static_cast<std::uint64_t>(count / nanoseconds_per_tick);
    return whole + (count % nanoseconds_per_tick != 0 ? 1 : 0);
}

TimePoint moment_of(std::uint64_t tick) noexcept {
    constexpr auto last = static_cast<std::uint64_t>(
        (never - Duration(1)).time_since_epoch().count() / nanoseconds_per_tick);
    const auto count = static_cast<std::int64_t>(std::min(tick, last)) * nanoseconds_per_tick;
    return TimePoint(Duration(count));
}

} // namespace

TimerWheel::TimerWheel(TimePoint now) noexcept
    : current_(tick_reached(now)) {}

void TimerWheel::arm(TimerNode& node, TimePoint deadline) noexcept {
    if (deadline == never) {
        node.unlink();
        return;
    }
    node.tick_ = tick_reaching(deadline);
    insert(node);
}

// A node's level is that of the highest digit, in base 64, in which its tick differs from the
// current one. So all nodes of a level come before all nodes of the next, and a slot of a level is
// always ahead of the current tick's own digit there.
void TimerWheel::insert(TimerNode& node) noexcept {
    if (node.tick_ <= current_) {
        node.append_to(overdue_);
        return;
    }
    const auto difference = node.tick_ ^ current_;
    const auto highest_bit = static_cast<unsigned>(std::bit_width(difference)) - 1;
    const unsigned level = highest_bit / slot_bits;
    const auto slot = static_cast<unsigned>(node.tick_ >> (level * slot_bits)) % slots;
    node.append_to(rings_[level][slot]);
    occupied_[level] |= std::uint64_t{1} << slot;
}

TimerWheel::Place TimerWheel::first() noexcept {
    for (unsigned level = 0; level < levels; ++level) {
        std::uint64_t& occupied = occupied_[level];
        while (occupied != 0) {
            const auto slot = static_cast<unsigned>(std::countr_zero(occupied));
            if (!rings_[level][slot].linked()) {
                occupied &= occupied - 1;
                continue;
            }
            const unsigned shift = level * slot_bits;
            const auto above = current_ >> (shift + slot_bits) << (shift + slot_bits);
            return {.level = level, .slot = slot, .tick = above + (std::uint64_t{slot} << shift)};
        }
    }
    return {};
}

void TimerWheel::advance(TimePoint now, Link& expired) noexcept {
    const std::uint64_t target = tick_reached(now);
    expired.append_all(overdue_);
    for (Place place = first(); place.level != levels && place.tick <= target; place = first()) {
        current_ = place.tick;
        Link due;
        due.append_all(rings_[place.level][place.slot]);
        while (due.linked())
            insert(static_cast<TimerNode&>(*due.next()));
        expired.append_all(overdue_);
    }
    current_ = std::max(current_, target);
}

TimePoint TimerWheel::next_deadline() noexcept {
    if (overdue_.linked())
        return moment_of(current_);
    const Place place = first();
    return place.level == levels ? never : moment_of(place.tick);
}

} // namespace roundabout::transaction
