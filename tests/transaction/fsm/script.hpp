#pragma once

#include "transaction/fsm/actions.hpp"
#include "transaction/fsm/timers.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <vector>

namespace roundabout::transaction::fsm::test {

inline constexpr TimePoint start = TimePoint(std::chrono::seconds(1'000));
inline constexpr Timers timers{};

/// When a machine fires, as milliseconds since `start`, until it ends or `limit` firings were seen;
/// each must ask for `expected`, the last for `expected_end`.
template <class Machine>
std::vector<long long> schedule(Machine& machine, Actions expected, Actions expected_end,
                                std::size_t limit = 100) {
    std::vector<long long> moments;
    while (machine.deadline() != never && moments.size() < limit) {
        const TimePoint now = machine.deadline();
        CHECK(machine.deadline_reached(now - Duration(1)).empty());
        const Actions actions = machine.deadline_reached(now);
        moments.push_back(
            std::chrono::duration_cast<std::chrono::milliseconds>(now - start).count());
        const bool ended = machine.state() == Machine::State::terminated;
        CHECK((actions == (ended ? expected_end : expected)));
    }
    return moments;
}

} // namespace roundabout::transaction::fsm::test
