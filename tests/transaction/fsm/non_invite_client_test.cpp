#include "transaction/fsm/figure.hpp"
#include "transaction/fsm/non_invite_client.hpp"

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
    using Machine = NonInviteClient;
    using State = NonInviteClient::State;
    static constexpr std::array states{State::trying, State::proceeding, State::completed,
                                       State::terminated};
    static constexpr std::array events{
        Event::provisional, Event::success, Event::failure, Event::transport_error,
        Event::e,           Event::f,       Event::k};

    static NonInviteClient enter(State state, Delivery delivery, TimePoint at, const Timers& set) {
        NonInviteClient machine(delivery, start, set);
        if (state == State::proceeding)
            (void)machine.response(100, at);
        else if (state == State::completed)
            (void)machine.response(200, at);
        else if (state == State::terminated)
            (void)machine.transport_failed();
        return machine;
    }

    static State machine_state(State state) { return state; }

    static Actions apply(NonInviteClient& machine, Event event, std::uint16_t status,
                         TimePoint now) {
        return event == Event::transport_error ? machine.transport_failed()
                                               : machine.response(status, now);
    }
};

using State = Figure::State;

constexpr Actions time_out_and_end = Action::time_out | Action::end;

// RFC 3261 figure 6. Timer K is 0 on a reliable transport: a transaction there passes through
// Completed without staying.
const std::vector<Row<State>> figure = {
    {State::trying, Event::provisional, goes(State::proceeding, Action::pass_up)},
    {State::trying, Event::success, goes(State::completed, Action::pass_up),
     goes(State::terminated, Action::pass_up | Action::end)},
    {State::trying, Event::failure, goes(State::completed, Action::pass_up),
     goes(State::terminated, Action::pass_up | Action::end)},
    {State::trying, Event::transport_error,
     goes(State::terminated, Action::transport_error | Action::end)},
    {State::trying, Event::e, does(Action::send_again), stopped},
    {State::trying, Event::f, goes(State::terminated, Action::time_out | Action::end)},
    {State::trying, Event::k, stopped},
    {State::proceeding, Event::provisional, does(Action::pass_up)},
    {State::proceeding, Event::success, goes(State::completed, Action::pass_up),
     goes(State::terminated, Action::pass_up | Action::end)},
    {State::proceeding, Event::failure, goes(State::completed, Action::pass_up),
     goes(State::terminated, Action::pass_up | Action::end)},
    {State::proceeding, Event::transport_error,
     goes(State::terminated, Action::transport_error | Action::end)},
    {State::proceeding, Event::e, does(Action::send_again), stopped},
    {State::proceeding, Event::f, goes(State::terminated, Action::time_out | Action::end)},
    {State::proceeding, Event::k, stopped},
    {State::completed, Event::provisional, ignored, unreachable},
    {State::completed, Event::success, ignored, unreachable},
    {State::completed, Event::failure, ignored, unreachable},
    {State::completed, Event::transport_error, ignored, unreachable},
    {State::completed, Event::e, stopped, unreachable},
    {State::completed, Event::f, stopped, unreachable},
    {State::completed, Event::k, goes(State::terminated, Action::end), unreachable},
    {State::terminated, Event::provisional, ignored},
    {State::terminated, Event::success, ignored},
    {State::terminated, Event::failure, ignored},
    {State::terminated, Event::transport_error, ignored},
    {State::terminated, Event::e, stopped},
    {State::terminated, Event::f, stopped},
    {State::terminated, Event::k, stopped},
};

} // namespace

TEST_CASE("The non-INVITE client follows RFC 3261 figure 6, every state and event") {
    Driver<Figure>(figure).run();
}

TEST_CASE("Timers E and F: sent again after 0.5, 1.5, 3.5 s, then each 4 s, given up at 32 s") {
    NonInviteClient machine(Delivery::unreliable, start, timers);
    CHECK(schedule(machine, Action::send_again, time_out_and_end) ==
          std::vector<long long>{500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500,
                                 32000});
}

TEST_CASE("Timer E runs on after a provisional response, each 4 s from its next firing") {
    NonInviteClient machine(Delivery::unreliable, start, timers);
    (void)machine.deadline_reached(start + 500ms);
    (void)machine.response(100, start + 700ms);
    CHECK(schedule(machine, Action::send_again, time_out_and_end) ==
          std::vector<long long>{1500, 5500, 9500, 13500, 17500, 21500, 25500, 29500, 32000});
}

TEST_CASE("On a reliable transport a non-INVITE is not sent again, Timer F gives up at 32 s") {
    NonInviteClient machine(Delivery::reliable, start, timers);
    CHECK(schedule(machine, {}, time_out_and_end) == std::vector<long long>{32000});
}

TEST_CASE("A final response ends Timer E; Timer K ends Completed after 5 s, or at once on TCP") {
    NonInviteClient udp = in_state<Figure>(State::completed);
    CHECK(schedule(udp, {}, Action::end) == std::vector<long long>{5000});
    NonInviteClient tcp(Delivery::reliable, start, timers);
    CHECK((tcp.response(200, start) == (Action::pass_up | Action::end)));
    CHECK(tcp.state() == State::terminated);
}
