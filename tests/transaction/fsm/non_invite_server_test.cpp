#include "transaction/fsm/non_invite_server.hpp"
#include "transaction/fsm/script.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <vector>

using namespace roundabout;
using namespace roundabout::transaction::fsm;
using namespace roundabout::transaction::fsm::test;
using namespace std::chrono_literals;

namespace {

using State = NonInviteServer::State;

NonInviteServer in_state(State state, Delivery delivery = Delivery::unreliable) {
    NonInviteServer machine(delivery, start, timers);
    if (state == State::proceeding)
        (void)machine.respond(100, start);
    if (state == State::completed || state == State::terminated)
        (void)machine.respond(200, start);
    if (state == State::terminated)
        (void)machine.deadline_reached(start + 1h);
    REQUIRE(machine.state() == state);
    return machine;
}

enum class Kind : std::uint8_t { request, failure, response };

struct Row {
    State before;
    Kind kind;
    std::uint16_t status;
    Actions actions;
    State after;
};

constexpr Actions absorb{};

// RFC 3261 figure 8, with RFC 6026 §8.8 for transport errors.
const std::vector<Row> figure = {
    {State::trying, Kind::request, 0, absorb, State::trying},
    {State::trying, Kind::failure, 0, Action::transport_error, State::trying},
    {State::trying, Kind::response, 100, Action::send, State::proceeding},
    {State::trying, Kind::response, 200, Action::send, State::completed},
    {State::trying, Kind::response, 699, Action::send, State::completed},
    {State::proceeding, Kind::request, 0, Action::send_again, State::proceeding},
    {State::proceeding, Kind::failure, 0, Action::transport_error, State::proceeding},
    {State::proceeding, Kind::response, 183, Action::send, State::proceeding},
    {State::proceeding, Kind::response, 200, Action::send, State::completed},
    {State::completed, Kind::request, 0, Action::send_again, State::completed},
    {State::completed, Kind::failure, 0, Action::transport_error, State::completed},
    {State::completed, Kind::response, 100, absorb, State::completed},
    {State::completed, Kind::response, 200, absorb, State::completed},
    {State::completed, Kind::response, 500, absorb, State::completed},
    {State::terminated, Kind::request, 0, absorb, State::terminated},
    {State::terminated, Kind::failure, 0, absorb, State::terminated},
    {State::terminated, Kind::response, 200, absorb, State::terminated},
};

Actions apply(NonInviteServer& machine, const Row& row) {
    switch (row.kind) {
    case Kind::request:
        return machine.request_again();
    case Kind::failure:
        return machine.transport_failed();
    case Kind::response:
        break;
    }
    return machine.respond(row.status, start);
}

} // namespace

TEST_CASE("The non-INVITE server follows RFC 3261 figure 8, every state and event") {
    for (const Row& row : figure) {
        CAPTURE(static_cast<int>(row.before));
        CAPTURE(static_cast<int>(row.kind));
        CAPTURE(row.status);
        NonInviteServer machine = in_state(row.before);
        CHECK((apply(machine, row) == row.actions));
        CHECK(machine.state() == row.after);
    }
}

TEST_CASE("R24 a non-INVITE server sends nothing by itself") {
    CHECK(in_state(State::trying).deadline() == never);
    CHECK(in_state(State::proceeding).deadline() == never);
}

TEST_CASE("Timer J answers retransmissions for 32 s on UDP, and ends at once on TCP") {
    NonInviteServer udp = in_state(State::completed);
    CHECK(schedule(udp, {}, Action::end) == std::vector<long long>{32000});
    NonInviteServer tcp(Delivery::reliable, start, timers);
    CHECK((tcp.respond(200, start) == (Action::send | Action::end)));
    CHECK(tcp.state() == State::terminated);
}
