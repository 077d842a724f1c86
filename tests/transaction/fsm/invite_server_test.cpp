#include "transaction/fsm/invite_server.hpp"
#include "transaction/fsm/script.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <vector>

using namespace roundabout;
using namespace roundabout::transaction::fsm;
using namespace roundabout::transaction::fsm::test;
using namespace std::chrono_literals;

namespace {

using State = InviteServer::State;

/// Proceeding here is Proceeding after a 180.
InviteServer in_state(State state, Delivery delivery = Delivery::unreliable) {
    InviteServer machine(delivery, start, timers);
    if (state == State::proceeding)
        (void)machine.respond(180, start);
    else if (state == State::accepted)
        (void)machine.respond(200, start);
    else
        (void)machine.respond(486, start);
    if (state == State::confirmed)
        (void)machine.ack(start);
    if (state == State::terminated)
        (void)machine.deadline_reached(start + 1h);
    REQUIRE(machine.state() == state);
    return machine;
}

enum class Kind : std::uint8_t { invite, ack, failure, response };

struct Row {
    State before;
    Kind kind;
    std::uint16_t status;
    Actions actions;
    State after;
};

constexpr Actions absorb{};

// RFC 3261 figure 7 as RFC 6026 §7.1 changes it.
const std::vector<Row> figure = {
    {State::proceeding, Kind::invite, 0, Action::send_again, State::proceeding},
    {State::proceeding, Kind::ack, 0, absorb, State::proceeding},
    {State::proceeding, Kind::failure, 0, Action::transport_error, State::proceeding},
    {State::proceeding, Kind::response, 183, Action::send, State::proceeding},
    {State::proceeding, Kind::response, 200, Action::send, State::accepted},
    {State::proceeding, Kind::response, 300, Action::send, State::completed},
    {State::proceeding, Kind::response, 699, Action::send, State::completed},
    {State::completed, Kind::invite, 0, Action::send_again, State::completed},
    {State::completed, Kind::ack, 0, absorb, State::confirmed},
    {State::completed, Kind::failure, 0, Action::transport_error, State::completed},
    {State::completed, Kind::response, 180, absorb, State::completed},
    {State::completed, Kind::response, 200, absorb, State::completed},
    {State::completed, Kind::response, 500, absorb, State::completed},
    {State::confirmed, Kind::invite, 0, absorb, State::confirmed},
    {State::confirmed, Kind::ack, 0, absorb, State::confirmed},
    {State::confirmed, Kind::response, 180, absorb, State::confirmed},
    {State::confirmed, Kind::response, 200, absorb, State::confirmed},
    {State::confirmed, Kind::response, 500, absorb, State::confirmed},
    {State::accepted, Kind::invite, 0, absorb, State::accepted},
    {State::accepted, Kind::ack, 0, Action::pass_up, State::accepted},
    {State::accepted, Kind::failure, 0, Action::transport_error, State::accepted},
    {State::accepted, Kind::response, 180, absorb, State::accepted},
    {State::accepted, Kind::response, 200, Action::send, State::accepted},
    {State::accepted, Kind::response, 486, absorb, State::accepted},
    {State::terminated, Kind::invite, 0, absorb, State::terminated},
    {State::terminated, Kind::ack, 0, absorb, State::terminated},
    {State::terminated, Kind::failure, 0, absorb, State::terminated},
    {State::terminated, Kind::response, 200, absorb, State::terminated},
};

Actions apply(InviteServer& machine, const Row& row) {
    switch (row.kind) {
    case Kind::invite:
        return machine.request_again();
    case Kind::ack:
        return machine.ack(start);
    case Kind::failure:
        return machine.transport_failed();
    case Kind::response:
        break;
    }
    return machine.respond(row.status, start);
}

} // namespace

TEST_CASE(
    "R19 R26 the INVITE server follows RFC 3261 figure 7 and RFC 6026, every state and event") {
    for (const Row& row : figure) {
        CAPTURE(static_cast<int>(row.before));
        CAPTURE(static_cast<int>(row.kind));
        CAPTURE(row.status);
        InviteServer machine = in_state(row.before);
        CHECK((apply(machine, row) == row.actions));
        CHECK(machine.state() == row.after);
    }
}

TEST_CASE("R24 an INVITE without a response gets 100 after 200 ms, once") {
    InviteServer machine(Delivery::unreliable, start, timers);
    CHECK(machine.request_again().empty());
    CHECK(schedule(machine, Action::send_trying, {}) == std::vector<long long>{200});
    CHECK((machine.request_again() == Action::send_again));
}

TEST_CASE("R24 a response within 200 ms makes the 100 needless") {
    const InviteServer machine = in_state(State::proceeding);
    CHECK(machine.deadline() == never);
}

TEST_CASE("Timers G and H: a non-2xx leaves again after 0.5, 1.5, 3.5 s, each 4 s, until 32 s") {
    InviteServer machine = in_state(State::completed);
    CHECK(schedule(machine, Action::send_again, Action::time_out | Action::end) ==
          std::vector<long long>{500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500,
                                 32000});
}

TEST_CASE("On a reliable transport a non-2xx is not sent again, Timer H still waits for the ACK") {
    InviteServer machine = in_state(State::completed, Delivery::reliable);
    CHECK(schedule(machine, {}, Action::time_out | Action::end) == std::vector<long long>{32000});
}

TEST_CASE("R19 the ACK ends Timer G; Timer I absorbs further ACKs for 5 s, on TCP not at all") {
    InviteServer udp = in_state(State::completed);
    CHECK(udp.ack(start + 100ms).empty());
    CHECK(schedule(udp, {}, Action::end) == std::vector<long long>{5100});
    InviteServer tcp = in_state(State::completed, Delivery::reliable);
    CHECK((tcp.ack(start) == Action::end));
    CHECK(tcp.state() == State::terminated);
}

TEST_CASE("R26 Timer L keeps Accepted for 32 s on every transport and retransmits nothing") {
    for (const Delivery delivery : {Delivery::unreliable, Delivery::reliable}) {
        InviteServer machine = in_state(State::accepted, delivery);
        CHECK(schedule(machine, {}, Action::end) == std::vector<long long>{32000});
    }
}
