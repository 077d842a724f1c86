#include "transaction/fsm/figure.hpp"
#include "transaction/fsm/invite_client.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <vector>

using namespace roundabout;
using namespace roundabout::transaction::fsm;
using namespace roundabout::transaction::fsm::test;
using namespace std::chrono_literals;

namespace {

struct Figure {
    using Machine = InviteClient;
    using State = InviteClient::State;
    static constexpr std::array states{State::calling, State::proceeding, State::completed,
                                       State::accepted, State::terminated};
    static constexpr std::array events{
        Event::provisional, Event::success, Event::failure, Event::transport_error,
        Event::a,           Event::b,       Event::d,       Event::m};

    static InviteClient enter(State state, Delivery delivery, TimePoint at, const Timers& set) {
        InviteClient machine(delivery, start, set);
        if (state == State::proceeding)
            (void)machine.response(180, at);
        else if (state == State::completed)
            (void)machine.response(486, at);
        else if (state == State::accepted)
            (void)machine.response(200, at);
        else if (state == State::terminated)
            (void)machine.transport_failed();
        return machine;
    }

    static State machine_state(State state) { return state; }

    static Actions apply(InviteClient& machine, Event event, std::uint16_t status, TimePoint now) {
        return event == Event::transport_error ? machine.transport_failed()
                                               : machine.response(status, now);
    }
};

using State = Figure::State;

constexpr Actions ack_and_pass = Action::send_ack | Action::pass_up;

// RFC 3261 figure 5 with the Accepted state of RFC 6026 figure 5 (§7.2). Timer D is 0 on a reliable
// transport: a transaction there passes through Completed without staying.
const std::vector<Row<State>> figure = {
    {State::calling, Event::provisional, goes(State::proceeding, Action::pass_up)},
    {State::calling, Event::success, goes(State::accepted, Action::pass_up)},
    {State::calling, Event::failure, goes(State::completed, ack_and_pass),
     goes(State::terminated, ack_and_pass | Action::end)},
    {State::calling, Event::transport_error,
     goes(State::terminated, Action::transport_error | Action::end)},
    {State::calling, Event::a, does(Action::send_again), stopped},
    {State::calling, Event::b, goes(State::terminated, Action::time_out | Action::end)},
    {State::calling, Event::d, stopped},
    {State::calling, Event::m, stopped},
    {State::proceeding, Event::provisional, does(Action::pass_up)},
    {State::proceeding, Event::success, goes(State::accepted, Action::pass_up)},
    {State::proceeding, Event::failure, goes(State::completed, ack_and_pass),
     goes(State::terminated, ack_and_pass | Action::end)},
    {State::proceeding, Event::transport_error, ignored},
    {State::proceeding, Event::a, stopped},
    {State::proceeding, Event::b, stopped},
    {State::proceeding, Event::d, stopped},
    {State::proceeding, Event::m, stopped},
    {State::completed, Event::provisional, ignored, unreachable},
    {State::completed, Event::success, ignored, unreachable},
    {State::completed, Event::failure, does(Action::send_ack), unreachable},
    {State::completed, Event::transport_error,
     goes(State::terminated, Action::transport_error | Action::end), unreachable},
    {State::completed, Event::a, stopped, unreachable},
    {State::completed, Event::b, stopped, unreachable},
    {State::completed, Event::d, goes(State::terminated, Action::end), unreachable},
    {State::completed, Event::m, stopped, unreachable},
    {State::accepted, Event::provisional, ignored},
    {State::accepted, Event::success, does(Action::pass_up)},
    {State::accepted, Event::failure, ignored},
    {State::accepted, Event::transport_error, ignored},
    {State::accepted, Event::a, stopped},
    {State::accepted, Event::b, stopped},
    {State::accepted, Event::d, stopped},
    {State::accepted, Event::m, goes(State::terminated, Action::end)},
    {State::terminated, Event::provisional, ignored},
    {State::terminated, Event::success, ignored},
    {State::terminated, Event::failure, ignored},
    {State::terminated, Event::transport_error, ignored},
    {State::terminated, Event::a, stopped},
    {State::terminated, Event::b, stopped},
    {State::terminated, Event::d, stopped},
    {State::terminated, Event::m, stopped},
};

} // namespace

TEST_CASE("R26 the INVITE client follows RFC 3261 figure 5 and RFC 6026, every state and event") {
    Driver<Figure>(figure).run();
}

TEST_CASE(
    "Timers A and B: the INVITE leaves again after 0.5, 1.5, 3.5 ... 31.5 s, gives up at 32 s") {
    InviteClient machine(Delivery::unreliable, start, timers);
    const auto moments = schedule(machine, Action::send_again, Action::time_out | Action::end);
    CHECK(moments == std::vector<long long>{500, 1500, 3500, 7500, 15500, 31500, 32000});
}

TEST_CASE("On a reliable transport the INVITE is not sent again, Timer B gives up at 32 s") {
    InviteClient machine(Delivery::reliable, start, timers);
    const auto moments = schedule(machine, {}, Action::time_out | Action::end);
    CHECK(moments == std::vector<long long>{32000});
}

TEST_CASE("A provisional response ends Timers A and B") {
    InviteClient machine = in_state<Figure>(State::proceeding);
    CHECK(machine.deadline() == never);
    CHECK(machine.deadline_reached(start + 1h).empty());
}

TEST_CASE("Timer D ends Completed after 32 s on UDP and at once on a reliable transport") {
    InviteClient udp = in_state<Figure>(State::completed);
    CHECK(schedule(udp, {}, Action::end) == std::vector<long long>{32000});
    InviteClient tcp(Delivery::reliable, start, timers);
    CHECK((tcp.response(486, start) == (ack_and_pass | Action::end)));
    CHECK(tcp.state() == State::terminated);
}

TEST_CASE("R26 Timer M keeps Accepted for 32 s from the first 2xx on every transport") {
    for (const Delivery delivery : {Delivery::unreliable, Delivery::reliable}) {
        InviteClient machine = in_state<Figure>(State::accepted, delivery);
        CHECK((machine.response(200, start + 10s) == Action::pass_up));
        CHECK(schedule(machine, {}, Action::end) == std::vector<long long>{32000});
    }
}

TEST_CASE("R20 a CANCEL may leave only between a 1xx and the final response") {
    CHECK_FALSE(in_state<Figure>(State::calling).may_cancel());
    CHECK(in_state<Figure>(State::proceeding).may_cancel());
    CHECK_FALSE(in_state<Figure>(State::completed).may_cancel());
    CHECK_FALSE(in_state<Figure>(State::accepted).may_cancel());
    CHECK_FALSE(in_state<Figure>(State::terminated).may_cancel());
}

TEST_CASE("R20 a cancelled INVITE without final response is given up 64*T1 after the CANCEL") {
    InviteClient machine = in_state<Figure>(State::proceeding);
    machine.cancel_sent(start + 1s);
    (void)machine.response(180, start + 2s);
    machine.cancel_sent(start + 3s);
    CHECK(schedule(machine, {}, Action::time_out | Action::end) == std::vector<long long>{33000});
}

TEST_CASE("R20 the 487 after a CANCEL ends the transaction like any final response") {
    InviteClient machine = in_state<Figure>(State::proceeding);
    machine.cancel_sent(start + 1s);
    CHECK((machine.response(487, start + 2s) == ack_and_pass));
    CHECK(schedule(machine, {}, Action::end) == std::vector<long long>{34000});
}
