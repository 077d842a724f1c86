#include "transaction/fsm/non_invite_client.hpp"
#include "transaction/fsm/script.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <vector>

using namespace roundabout;
using namespace roundabout::transaction::fsm;
using namespace roundabout::transaction::fsm::test;
using namespace std::chrono_literals;

namespace {

using State = NonInviteClient::State;

NonInviteClient in_state(State state, Delivery delivery = Delivery::unreliable) {
    NonInviteClient machine(delivery, start, timers);
    if (state == State::proceeding)
        (void)machine.response(100, start);
    else if (state == State::completed)
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
constexpr Actions error_and_end = Action::transport_error | Action::end;

// RFC 3261 figure 6.
const std::vector<Row> figure = {
    {State::trying, State::proceeding, 100, Action::pass_up},
    {State::trying, State::completed, 200, Action::pass_up},
    {State::trying, State::completed, 404, Action::pass_up},
    {State::trying, State::terminated, 0, error_and_end},
    {State::proceeding, State::proceeding, 183, Action::pass_up},
    {State::proceeding, State::completed, 200, Action::pass_up},
    {State::proceeding, State::completed, 699, Action::pass_up},
    {State::proceeding, State::terminated, 0, error_and_end},
    {State::completed, State::completed, 100, absorb},
    {State::completed, State::completed, 200, absorb},
    {State::completed, State::completed, 500, absorb},
    {State::completed, State::completed, 0, absorb},
    {State::terminated, State::terminated, 100, absorb},
    {State::terminated, State::terminated, 200, absorb},
    {State::terminated, State::terminated, 0, absorb},
};

constexpr Actions time_out_and_end = Action::time_out | Action::end;

} // namespace

TEST_CASE("The non-INVITE client follows RFC 3261 figure 6, every state and event") {
    for (const Row& row : figure) {
        CAPTURE(static_cast<int>(row.before));
        CAPTURE(row.status);
        NonInviteClient machine = in_state(row.before);
        const Actions actions =
            row.status == 0 ? machine.transport_failed() : machine.response(row.status, start);
        CHECK((actions == row.actions));
        CHECK(machine.state() == row.after);
    }
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
    NonInviteClient udp = in_state(State::completed);
    CHECK(schedule(udp, {}, Action::end) == std::vector<long long>{5000});
    NonInviteClient tcp(Delivery::reliable, start, timers);
    CHECK((tcp.response(200, start) == (Action::pass_up | Action::end)));
    CHECK(tcp.state() == State::terminated);
}
