#include "transaction/fsm/timers.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace roundabout;
using namespace roundabout::transaction::fsm;
using namespace std::chrono_literals;

TEST_CASE("The timers have the values of RFC 3261 table 4 and RFC 6026") {
    const Timers timers;
    CHECK(timers.t1 == 500ms);
    CHECK(timers.t2 == 4s);
    CHECK(timers.t4 == 5s);
    CHECK(timers.a() == 500ms);
    CHECK(timers.b() == 32s);
    CHECK(timers.d(Delivery::unreliable) == 32s);
    CHECK(timers.d(Delivery::reliable) == 0s);
    CHECK(timers.e() == 500ms);
    CHECK(timers.f() == 32s);
    CHECK(timers.g() == 500ms);
    CHECK(timers.h() == 32s);
    CHECK(timers.i(Delivery::unreliable) == 5s);
    CHECK(timers.i(Delivery::reliable) == 0s);
    CHECK(timers.j(Delivery::unreliable) == 32s);
    CHECK(timers.j(Delivery::reliable) == 0s);
    CHECK(timers.k(Delivery::unreliable) == 5s);
    CHECK(timers.k(Delivery::reliable) == 0s);
    CHECK(timers.l() == 32s);
    CHECK(timers.m() == 32s);
}

TEST_CASE("R25 Timer C is longer than 3 minutes") { CHECK(Timers::c() > 3min); }

TEST_CASE("R24 the 100 for an INVITE is due within 200 ms") { CHECK(Timers::trying() == 200ms); }

TEST_CASE("Timer D is never below 32 s on an unreliable transport, whatever T1 is") {
    Timers timers;
    timers.t1 = 100ms;
    CHECK(timers.d(Delivery::unreliable) == 32s);
    timers.t1 = 1s;
    CHECK(timers.d(Delivery::unreliable) == 64s);
}
