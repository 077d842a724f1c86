#include "transaction/fsm/invite_client.hpp"
#include "transaction/fsm/script.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <vector>

using namespace roundabout;
using namespace roundabout::transaction::fsm;
using namespace roundabout::transaction::fsm::test;
using namespace std::chrono_literals;

namespace {

using State = InviteClient::State;

InviteClient in_state(State state, Delivery delivery = Delivery::unreliable) {
    InviteClient machine(delivery, start, timers);
    if (state == State::proceeding)
        (void)machine.response(180, start);
    else if (state == State::completed)
        (void)machine.response(486, start);
    else if (state == State::accepted)
        (void)machine.response(200, start);
    else if (state == State::terminated)
        (void)machine.transport_failed();
    REQUIRE(machine.state() == state);
    return machine;
}

struct Row {
    State before;
    State after;
    std::uint16_t status; ///< 0: the transport failed
    Actions actions;
};

constexpr Actions absorb{};
constexpr Actions ack_and_pass = Action::send_ack | Action::pass_up;
constexpr Actions error_and_end = Action::transport_error | Action::end;

// RFC 3261 figure 5 with the Accepted state of RFC 6026 figure 5 (§7.2).
const std::vector<Row> figure = {
    {State::calling, State::proceeding, 100, Action::pass_up},
    {State::calling, State::proceeding, 180, Action::pass_up},
    {State::calling, State::accepted, 200, Action::pass_up},
    {State::calling, State::completed, 302, ack_and_pass},
    {State::calling, State::completed, 486, ack_and_pass},
    {State::calling, State::completed, 603, ack_and_pass},
    {State::calling, State::terminated, 0, error_and_end},
    {State::proceeding, State::proceeding, 100, Action::pass_up},
    {State::proceeding, State::proceeding, 199, Action::pass_up},
    {State::proceeding, State::accepted, 299, Action::pass_up},
    {State::proceeding, State::completed, 300, ack_and_pass},
    {State::proceeding, State::completed, 699, ack_and_pass},
    {State::proceeding, State::proceeding, 0, absorb},
    {State::completed, State::completed, 180, absorb},
    {State::completed, State::completed, 200, absorb},
    {State::completed, State::completed, 486, Action::send_ack},
    {State::completed, State::terminated, 0, error_and_end},
    {State::accepted, State::accepted, 180, absorb},
    {State::accepted, State::accepted, 200, Action::pass_up},
    {State::accepted, State::accepted, 486, absorb},
    {State::accepted, State::accepted, 0, absorb},
    {State::terminated, State::terminated, 180, absorb},
    {State::terminated, State::terminated, 200, absorb},
    {State::terminated, State::terminated, 486, absorb},
    {State::terminated, State::terminated, 0, absorb},
};

} // namespace

TEST_CASE("R26 the INVITE client follows RFC 3261 figure 5 and RFC 6026, every state and event") {
    for (const Row& row : figure) {
        CAPTURE(static_cast<int>(row.before));
        CAPTURE(row.status);
        InviteClient machine = in_state(row.before);
        const Actions actions =
            row.status == 0 ? machine.transport_failed() : machine.response(row.status, start);
        CHECK((actions == row.actions));
        CHECK(machine.state() == row.after);
    }
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
    InviteClient machine = in_state(State::proceeding);
    CHECK(machine.deadline() == never);
    CHECK(machine.deadline_reached(start + 1h).empty());
}

TEST_CASE("Timer D ends Completed after 32 s on UDP and at once on a reliable transport") {
    InviteClient udp = in_state(State::completed);
    CHECK(schedule(udp, {}, Action::end) == std::vector<long long>{32000});
    InviteClient tcp(Delivery::reliable, start, timers);
    CHECK((tcp.response(486, start) == (ack_and_pass | Action::end)));
    CHECK(tcp.state() == State::terminated);
}

TEST_CASE("R26 Timer M keeps Accepted for 32 s from the first 2xx on every transport") {
    for (const Delivery delivery : {Delivery::unreliable, Delivery::reliable}) {
        InviteClient machine = in_state(State::accepted, delivery);
        CHECK((machine.response(200, start + 10s) == Action::pass_up));
        CHECK(schedule(machine, {}, Action::end) == std::vector<long long>{32000});
    }
}

TEST_CASE("R20 a CANCEL may leave only between a 1xx and the final response") {
    CHECK_FALSE(in_state(State::calling).may_cancel());
    CHECK(in_state(State::proceeding).may_cancel());
    CHECK_FALSE(in_state(State::completed).may_cancel());
    CHECK_FALSE(in_state(State::accepted).may_cancel());
    CHECK_FALSE(in_state(State::terminated).may_cancel());
}

TEST_CASE("R20 a cancelled INVITE without final response is given up 64*T1 after the CANCEL") {
    InviteClient machine = in_state(State::proceeding);
    machine.cancel_sent(start + 1s);
    (void)machine.response(180, start + 2s);
    machine.cancel_sent(start + 3s);
    CHECK(schedule(machine, {}, Action::time_out | Action::end) == std::vector<long long>{33000});
}

TEST_CASE("R20 the 487 after a CANCEL ends the transaction like any final response") {
    InviteClient machine = in_state(State::proceeding);
    machine.cancel_sent(start + 1s);
    CHECK((machine.response(487, start + 2s) == ack_and_pass));
    CHECK(schedule(machine, {}, Action::end) == std::vector<long long>{34000});
}
