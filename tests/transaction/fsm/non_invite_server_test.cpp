#include "transaction/fsm/figure.hpp"
#include "transaction/fsm/non_invite_server.hpp"

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
    using Machine = NonInviteServer;
    using State = NonInviteServer::State;
    static constexpr std::array states{State::trying, State::proceeding, State::completed,
                                       State::terminated};
    static constexpr std::array events{Event::request, Event::provisional,     Event::success,
                                       Event::failure, Event::transport_error, Event::j};

    static NonInviteServer enter(State state, Delivery delivery, TimePoint at, const Timers& set) {
        NonInviteServer machine(delivery, start, set);
        if (state == State::proceeding)
            (void)machine.respond(100, at);
        if (state == State::completed || state == State::terminated)
            (void)machine.respond(200, at);
        if (state == State::terminated)
            (void)machine.deadline_reached(at + 1h);
        return machine;
    }

    static State machine_state(State state) { return state; }

    static Actions apply(NonInviteServer& machine, Event event, std::uint16_t status,
                         TimePoint now) {
        switch (event) {
        case Event::request:
            return machine.request_again();
        case Event::transport_error:
            return machine.transport_failed();
        default:
            return machine.respond(status, now);
        }
    }
};

using State = Figure::State;

// RFC 3261 figure 8, with RFC 6026 §8.8 for transport errors. Timer J is 0 on a reliable transport:
// a transaction there passes through Completed without staying.
const std::vector<Row<State>> figure = {
    {State::trying, Event::request, ignored},
    {State::trying, Event::provisional, goes(State::proceeding, Action::send)},
    {State::trying, Event::success, goes(State::completed, Action::send),
     goes(State::terminated, Action::send | Action::end)},
    {State::trying, Event::failure, goes(State::completed, Action::send),
     goes(State::terminated, Action::send | Action::end)},
    {State::trying, Event::transport_error, does(Action::transport_error)},
    {State::trying, Event::j, stopped},
    {State::proceeding, Event::request, does(Action::send_again)},
    {State::proceeding, Event::provisional, does(Action::send)},
    {State::proceeding, Event::success, goes(State::completed, Action::send),
     goes(State::terminated, Action::send | Action::end)},
    {State::proceeding, Event::failure, goes(State::completed, Action::send),
     goes(State::terminated, Action::send | Action::end)},
    {State::proceeding, Event::transport_error, does(Action::transport_error)},
    {State::proceeding, Event::j, stopped},
    {State::completed, Event::request, does(Action::send_again), unreachable},
    {State::completed, Event::provisional, ignored, unreachable},
    {State::completed, Event::success, ignored, unreachable},
    {State::completed, Event::failure, ignored, unreachable},
    {State::completed, Event::transport_error, does(Action::transport_error), unreachable},
    {State::completed, Event::j, goes(State::terminated, Action::end), unreachable},
    {State::terminated, Event::request, ignored},
    {State::terminated, Event::provisional, ignored},
    {State::terminated, Event::success, ignored},
    {State::terminated, Event::failure, ignored},
    {State::terminated, Event::transport_error, ignored},
    {State::terminated, Event::j, stopped},
};

} // namespace

TEST_CASE("The non-INVITE server follows RFC 3261 figure 8, every state and event") {
    Driver<Figure>(figure).run();
}

TEST_CASE("R24 a non-INVITE server sends nothing by itself") {
    CHECK(in_state<Figure>(State::trying).deadline() == never);
    CHECK(in_state<Figure>(State::proceeding).deadline() == never);
}

TEST_CASE("Timer J answers retransmissions for 32 s on UDP, and ends at once on TCP") {
    NonInviteServer udp = in_state<Figure>(State::completed);
    CHECK(schedule(udp, {}, Action::end) == std::vector<long long>{32000});
    NonInviteServer tcp(Delivery::reliable, start, timers);
    CHECK((tcp.respond(200, start) == (Action::send | Action::end)));
    CHECK(tcp.state() == State::terminated);
}
