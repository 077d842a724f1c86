#pragma once

#include "transaction/fsm/script.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <source_location>
#include <span>

namespace roundabout::transaction::fsm::test {

/// All that can happen to a transaction: the labels of the arrows in the figures of RFC 3261 §17.
enum class Event : std::uint8_t {
    request, ///< the request came again
    ack,
    provisional, ///< a response of 1xx: received by a client, given by the user of a server
    success,     ///< 2xx
    failure,     ///< 300 to 699
    transport_error,
    trying, ///< the 100 that is due after 200 ms; from here on timers
    a,
    b,
    d,
    e,
    f,
    g,
    h,
    i,
    j,
    k,
    l,
    m,
};

[[nodiscard]] constexpr bool is_timer(Event event) noexcept { return event >= Event::trying; }

/// The statuses at the edges of a response's class; one that means nothing for other events.
[[nodiscard]] inline std::span<const std::uint16_t> statuses(Event event) noexcept {
    static constexpr std::array<std::uint16_t, 3> provisional{100, 180, 199};
    static constexpr std::array<std::uint16_t, 2> success{200, 299};
    static constexpr std::array<std::uint16_t, 5> failure{300, 401, 486, 503, 699};
    static constexpr std::array<std::uint16_t, 1> none{};
    switch (event) {
    case Event::provisional:
        return provisional;
    case Event::success:
        return success;
    case Event::failure:
        return failure;
    default:
        return none;
    }
}

/// T1 differs from its default, so that 64*T1 is not the least value of Timer D.
inline constexpr Timers figure_timers{.t1 = std::chrono::milliseconds(400)};
/// Transactions begin at `start` and come into the state that is looked at a little later, so that
/// timers of the transaction and timers of the state are due at different moments.
inline constexpr TimePoint entered = start + std::chrono::milliseconds(100);

/// When a timer is due, if it runs.
[[nodiscard]] inline TimePoint due(Event timer, Delivery delivery) {
    const Timers& set = figure_timers;
    switch (timer) {
    case Event::trying:
        return start + Timers::trying();
    case Event::a:
        return start + set.a();
    case Event::b:
        return start + set.b();
    case Event::d:
        return entered + set.d(delivery);
    case Event::e:
        return start + set.e();
    case Event::f:
        return start + set.f();
    case Event::g:
        return entered + set.g();
    case Event::h:
        return entered + set.h();
    case Event::i:
        return entered + set.i(delivery);
    case Event::j:
        return entered + set.j(delivery);
    case Event::k:
        return entered + set.k(delivery);
    case Event::l:
        return entered + set.l();
    case Event::m:
        return entered + set.m();
    default:
        return never;
    }
}

/// What an event does in a state.
struct Outcome {
    enum class Kind : std::uint8_t {
        taken,
        stopped,    ///< the timer does not run in this state
        unreachable ///< over this kind of transport no transaction is ever in this state
    };
    Kind kind = Kind::taken;
    // The initializers let a table name only the parts that matter: without them clang warns.
    // NOLINTBEGIN(readability-redundant-member-init)
    Actions actions{};
    std::optional<int> after{}; ///< one of the figure's states; nothing: the transaction stays
    // NOLINTEND(readability-redundant-member-init)
};

inline constexpr Outcome ignored;
inline constexpr Outcome stopped{.kind = Outcome::Kind::stopped};
inline constexpr Outcome unreachable{.kind = Outcome::Kind::unreachable};
[[nodiscard]] constexpr Outcome does(Actions actions) { return {.actions = actions}; }
template <class State>
[[nodiscard]] constexpr Outcome goes(State state, Actions actions = {}) {
    return {.actions = actions, .after = static_cast<int>(state)};
}

/// One pair of a state and an event, over UDP and over a reliable transport.
template <class State>
struct Row {
    State before;
    Event event;
    Outcome unreliable;
    Outcome reliable;
    std::source_location line;

    Row(State state, Event what, Outcome both,
        std::source_location where = std::source_location::current())
        : Row(state, what, both, both, where) {}
    Row(State state, Event what, Outcome by_udp, Outcome by_stream,
        std::source_location where = std::source_location::current())
        : before(state)
        , event(what)
        , unreliable(by_udp)
        , reliable(by_stream)
        , line(where) {}

    [[nodiscard]] const Outcome& over(Delivery delivery) const noexcept {
        return delivery == Delivery::reliable ? reliable : unreliable;
    }
};

/// A machine with the usual timers that came into a state at the very `start`.
template <class Figure>
[[nodiscard]] typename Figure::Machine in_state(typename Figure::State state,
                                                Delivery delivery = Delivery::unreliable) {
    auto machine = Figure::enter(state, delivery, start, timers);
    const bool entered_it = machine.state() == Figure::machine_state(state);
    REQUIRE(entered_it);
    return machine;
}

/// Drives one machine through its table. `Figure` says what the table speaks of:
/// - `Machine`; `State`, the states of the table; `states` and `events`, all of them;
/// - `enter(State, Delivery, at, timers)`: a machine made at `start` that events at `at` led there;
/// - `machine_state(State)`: what such a machine says of itself;
/// - `apply(Machine&, Event, status, now)`: lets an event that is no timer happen.
template <class Figure>
class Driver {
  public:
    using Machine = typename Figure::Machine;
    using State = typename Figure::State;
    using Kind = Outcome::Kind;
    using Rows = std::span<const Row<State>>;

    explicit Driver(Rows rows)
        : rows_(rows) {}

    void run() const {
        check_complete();
        for (const Delivery delivery : {Delivery::unreliable, Delivery::reliable}) {
            const bool reliable = delivery == Delivery::reliable;
            CAPTURE(reliable);
            for (const Row<State>& row : rows_) {
                CAPTURE(row.line.line());
                check(row, delivery);
            }
        }
    }

  private:
    [[nodiscard]] static Machine enter(State state, Delivery delivery) {
        return Figure::enter(state, delivery, entered, figure_timers);
    }

    /// Each pair of a state and an event is in the table, once.
    void check_complete() const {
        for (const State state : Figure::states) {
            for (const Event event : Figure::events) {
                CAPTURE(static_cast<int>(state));
                CAPTURE(static_cast<int>(event));
                CHECK(std::ranges::count_if(rows_, [&](const Row<State>& row) {
                          return row.before == state && row.event == event;
                      }) == 1);
            }
        }
        CHECK(rows_.size() == Figure::states.size() * Figure::events.size());
    }

    void check(const Row<State>& row, Delivery delivery) const {
        const Outcome& expected = row.over(delivery);
        const bool reached =
            enter(row.before, delivery).state() == Figure::machine_state(row.before);
        CHECK(reached == (expected.kind != Kind::unreachable));
        if (!reached)
            return;
        if (is_timer(row.event)) {
            check_timer(row, expected, delivery);
            return;
        }
        REQUIRE(expected.kind == Kind::taken);
        for (const std::uint16_t status : statuses(row.event)) {
            CAPTURE(status);
            Machine machine = enter(row.before, delivery);
            const Actions actions = Figure::apply(machine, row.event, status, entered);
            check_outcome(row, expected, machine, actions);
        }
    }

    /// A timer that runs fires when it is due; one that does not run changes nothing. The machine
    /// asks to be woken by the first of those that run.
    void check_timer(const Row<State>& row, const Outcome& expected, Delivery delivery) const {
        Machine machine = enter(row.before, delivery);
        const TimePoint first = first_due(row.before, delivery);
        const TimePoint moment = due(row.event, delivery);
        CHECK(machine.deadline() == first);
        if (moment <= first)
            CHECK(machine.deadline_reached(moment - Duration(1)).empty());
        if (expected.kind == Kind::taken)
            check_outcome(row, expected, machine, machine.deadline_reached(moment));
        else if (moment < first)
            check_outcome(row, {}, machine, machine.deadline_reached(moment));
    }

    static void check_outcome(const Row<State>& row, const Outcome& expected,
                              const Machine& machine, Actions actions) {
        const auto after =
            static_cast<State>(expected.after.value_or(static_cast<int>(row.before)));
        CHECK((actions == expected.actions));
        CHECK((machine.state() == Figure::machine_state(after)));
        CHECK(actions.has(Action::end) == (ends(machine) && !was_over(row)));
    }

    [[nodiscard]] TimePoint first_due(State state, Delivery delivery) const {
        TimePoint first = never;
        for (const Row<State>& row : rows_) {
            if (row.before == state && is_timer(row.event) &&
                row.over(delivery).kind == Kind::taken)
                first = std::min(first, due(row.event, delivery));
        }
        return first;
    }

    [[nodiscard]] static bool ends(const Machine& machine) {
        return machine.state() == Machine::State::terminated;
    }
    [[nodiscard]] static bool was_over(const Row<State>& row) {
        return Figure::machine_state(row.before) == Machine::State::terminated;
    }

    Rows rows_;
};

} // namespace roundabout::transaction::fsm::test
