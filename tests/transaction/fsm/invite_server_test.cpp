#include "transaction/fsm/figure.hpp"
#include "transaction/fsm/invite_server.hpp"

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
    using Machine = InviteServer;
    /// The figure's Proceeding is two: without a response yet, the 100 being due, and with one.
    enum class State : std::uint8_t {
        invited,
        proceeding,
        completed,
        confirmed,
        accepted,
        terminated
    };
    static constexpr std::array states{State::invited,   State::proceeding, State::completed,
                                       State::confirmed, State::accepted,   State::terminated};
    static constexpr std::array events{Event::request, Event::ack,     Event::provisional,
                                       Event::success, Event::failure, Event::transport_error,
                                       Event::trying,  Event::g,       Event::h,
                                       Event::i,       Event::l};

    static InviteServer enter(State state, Delivery delivery, TimePoint at, const Timers& set) {
        InviteServer machine(delivery, start, set);
        if (state == State::proceeding)
            (void)machine.respond(180, at);
        else if (state == State::accepted)
            (void)machine.respond(200, at);
        else if (state != State::invited)
            (void)machine.respond(486, at);
        if (state == State::confirmed)
            (void)machine.ack(at);
        if (state == State::terminated)
            (void)machine.deadline_reached(at + 1h);
        return machine;
    }

    static InviteServer::State machine_state(State state) {
        switch (state) {
        case State::invited:
        case State::proceeding:
            return InviteServer::State::proceeding;
        case State::completed:
            return InviteServer::State::completed;
        case State::confirmed:
            return InviteServer::State::confirmed;
        case State::accepted:
            return InviteServer::State::accepted;
        case State::terminated:
            break;
        }
        return InviteServer::State::terminated;
    }

    static Actions apply(InviteServer& machine, Event event, std::uint16_t status, TimePoint now) {
        switch (event) {
        case Event::request:
            return machine.request_again();
        case Event::ack:
            return machine.ack(now);
        case Event::transport_error:
            return machine.transport_failed();
        default:
            return machine.respond(status, now);
        }
    }
};

using State = Figure::State;

// RFC 3261 figure 7 as RFC 6026 §7.1 changes it, with §8.8 of that for transport errors. Timer I is
// 0 on a reliable transport: a transaction there passes through Confirmed without staying.
const std::vector<Row<State>> figure = {
    {State::invited, Event::request, ignored},
    {State::invited, Event::ack, ignored},
    {State::invited, Event::provisional, goes(State::proceeding, Action::send)},
    {State::invited, Event::success, goes(State::accepted, Action::send)},
    {State::invited, Event::failure, goes(State::completed, Action::send)},
    {State::invited, Event::transport_error, does(Action::transport_error)},
    {State::invited, Event::trying, goes(State::proceeding, Action::send_trying)},
    {State::invited, Event::g, stopped},
    {State::invited, Event::h, stopped},
    {State::invited, Event::i, stopped},
    {State::invited, Event::l, stopped},
    {State::proceeding, Event::request, does(Action::send_again)},
    {State::proceeding, Event::ack, ignored},
    {State::proceeding, Event::provisional, goes(State::proceeding, Action::send)},
    {State::proceeding, Event::success, goes(State::accepted, Action::send)},
    {State::proceeding, Event::failure, goes(State::completed, Action::send)},
    {State::proceeding, Event::transport_error, does(Action::transport_error)},
    {State::proceeding, Event::trying, stopped},
    {State::proceeding, Event::g, stopped},
    {State::proceeding, Event::h, stopped},
    {State::proceeding, Event::i, stopped},
    {State::proceeding, Event::l, stopped},
    {State::completed, Event::request, does(Action::send_again)},
    {State::completed, Event::ack, goes(State::confirmed), goes(State::terminated, Action::end)},
    {State::completed, Event::provisional, ignored},
    {State::completed, Event::success, ignored},
    {State::completed, Event::failure, ignored},
    {State::completed, Event::transport_error, does(Action::transport_error)},
    {State::completed, Event::trying, stopped},
    {State::completed, Event::g, does(Action::send_again), stopped},
    {State::completed, Event::h, goes(State::terminated, Action::time_out | Action::end)},
    {State::completed, Event::i, stopped},
    {State::completed, Event::l, stopped},
    {State::confirmed, Event::request, ignored, unreachable},
    {State::confirmed, Event::ack, ignored, unreachable},
    {State::confirmed, Event::provisional, ignored, unreachable},
    {State::confirmed, Event::success, ignored, unreachable},
    {State::confirmed, Event::failure, ignored, unreachable},
    {State::confirmed, Event::transport_error, does(Action::transport_error), unreachable},
    {State::confirmed, Event::trying, stopped, unreachable},
    {State::confirmed, Event::g, stopped, unreachable},
    {State::confirmed, Event::h, stopped, unreachable},
    {State::confirmed, Event::i, goes(State::terminated, Action::end), unreachable},
    {State::confirmed, Event::l, stopped, unreachable},
    {State::accepted, Event::request, ignored},
    {State::accepted, Event::ack, does(Action::pass_up)},
    {State::accepted, Event::provisional, ignored},
    {State::accepted, Event::success, does(Action::send)},
    {State::accepted, Event::failure, ignored},
    {State::accepted, Event::transport_error, does(Action::transport_error)},
    {State::accepted, Event::trying, stopped},
    {State::accepted, Event::g, stopped},
    {State::accepted, Event::h, stopped},
    {State::accepted, Event::i, stopped},
    {State::accepted, Event::l, goes(State::terminated, Action::end)},
    {State::terminated, Event::request, ignored},
    {State::terminated, Event::ack, ignored},
    {State::terminated, Event::provisional, ignored},
    {State::terminated, Event::success, ignored},
    {State::terminated, Event::failure, ignored},
    {State::terminated, Event::transport_error, ignored},
    {State::terminated, Event::trying, stopped},
    {State::terminated, Event::g, stopped},
    {State::terminated, Event::h, stopped},
    {State::terminated, Event::i, stopped},
    {State::terminated, Event::l, stopped},
};

} // namespace

TEST_CASE(
    "R19 R26 the INVITE server follows RFC 3261 figure 7 and RFC 6026, every state and event") {
    Driver<Figure>(figure).run();
}

TEST_CASE("R24 an INVITE without a response gets 100 after 200 ms, once") {
    InviteServer machine(Delivery::unreliable, start, timers);
    CHECK(machine.request_again().empty());
    CHECK(schedule(machine, Action::send_trying, {}) == std::vector<long long>{200});
    CHECK((machine.request_again() == Action::send_again));
}

TEST_CASE("R24 a response within 200 ms makes the 100 needless") {
    const InviteServer machine = in_state<Figure>(State::proceeding);
    CHECK(machine.deadline() == never);
}

TEST_CASE("Timers G and H: a non-2xx leaves again after 0.5, 1.5, 3.5 s, each 4 s, until 32 s") {
    InviteServer machine = in_state<Figure>(State::completed);
    CHECK(schedule(machine, Action::send_again, Action::time_out | Action::end) ==
          std::vector<long long>{500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500,
                                 32000});
}

TEST_CASE("On a reliable transport a non-2xx is not sent again, Timer H still waits for the ACK") {
    InviteServer machine = in_state<Figure>(State::completed, Delivery::reliable);
    CHECK(schedule(machine, {}, Action::time_out | Action::end) == std::vector<long long>{32000});
}

TEST_CASE("R19 the ACK ends Timer G; Timer I absorbs further ACKs for 5 s, on TCP not at all") {
    InviteServer udp = in_state<Figure>(State::completed);
    CHECK(udp.ack(start + 100ms).empty());
    CHECK(schedule(udp, {}, Action::end) == std::vector<long long>{5100});
    InviteServer tcp = in_state<Figure>(State::completed, Delivery::reliable);
    CHECK((tcp.ack(start) == Action::end));
    CHECK(tcp.state() == InviteServer::State::terminated);
}

TEST_CASE("R26 Timer L keeps Accepted for 32 s on every transport and retransmits nothing") {
    for (const Delivery delivery : {Delivery::unreliable, Delivery::reliable}) {
        InviteServer machine = in_state<Figure>(State::accepted, delivery);
        CHECK(schedule(machine, {}, Action::end) == std::vector<long long>{32000});
    }
}
