#include "registration/expiry_clock.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::registration;
using namespace std::chrono_literals;

namespace {

constexpr WallTime noon{1'700'000'000s};

/// Both clocks, as a machine shows them.
struct Machine {
    ClockReading reading{noon, 1000s};

    ClockReading pass(std::chrono::seconds time) {
        reading.wall += time;
        reading.steady += time;
        return reading;
    }
    ClockReading set(std::chrono::seconds by) {
        reading.wall += by;
        return reading;
    }
};

} // namespace

TEST_CASE("expiry clock: without jumps it shows the wall clock's time") {
    Machine machine;
    ExpiryClock clock(machine.reading, noon - 1s);
    for (int i = 0; i < 10'000; ++i) {
        const ExpiryClock::Time time = clock.read(machine.pass(1s));
        CHECK(time.now == machine.reading.wall);
        CHECK_FALSE(time.jump.has_value());
    }
}

TEST_CASE("expiry clock: adjustment by slewing is no jump, however long it goes on") {
    Machine machine;
    ExpiryClock clock(machine.reading, {});
    for (int i = 0; i < 1000; ++i) {
        machine.pass(10s);
        const ExpiryClock::Time time = clock.read(machine.set(i % 2 == 0 ? 1s : 0s));
        CHECK(time.now == machine.reading.wall);
        CHECK_FALSE(time.jump.has_value());
    }
}

TEST_CASE("expiry clock: after a jump forward elapsed time counts for an hour, then the clock") {
    Machine machine;
    ExpiryClock clock(machine.reading, {});
    machine.pass(1s);
    const ExpiryClock::Time jumped = clock.read(machine.set(24h));
    CHECK(jumped.jump == 24h);
    CHECK(jumped.now == noon + 1s);
    CHECK(clock.read(machine.pass(59min)).now == noon + 1s + 59min);
    const ExpiryClock::Time after = clock.read(machine.pass(1min));
    CHECK(after.now == machine.reading.wall);
    CHECK_FALSE(after.jump.has_value());
    CHECK(clock.read(machine.pass(1s)).now == machine.reading.wall);
}

TEST_CASE("expiry clock: a second jump forward begins the hour anew") {
    Machine machine;
    ExpiryClock clock(machine.reading, {});
    static_cast<void>(clock.read(machine.set(1h)));
    machine.pass(50min);
    CHECK(clock.read(machine.set(1h)).now == noon + 50min);
    CHECK(clock.read(machine.pass(50min)).now == noon + 100min);
    CHECK(clock.read(machine.pass(10min)).now == machine.reading.wall);
}

TEST_CASE("expiry clock: a jump back shows the wall clock's time at once, so that nobody who has "
          "registered in the new time expires early") {
    Machine machine;
    ExpiryClock clock(machine.reading, {});
    machine.pass(1s);
    const ExpiryClock::Time back = clock.read(machine.set(-24h));
    CHECK(back.jump == -24h);
    CHECK(back.now == machine.reading.wall);
    CHECK(clock.read(machine.pass(1s)).now == machine.reading.wall);
}

TEST_CASE("expiry clock: a jump forward that is taken back has changed nothing") {
    Machine machine;
    ExpiryClock clock(machine.reading, {});
    static_cast<void>(clock.read(machine.set(24h)));
    CHECK(clock.read(machine.pass(10s)).now == noon + 10s);
    CHECK(clock.read(machine.set(-24h)).now == noon + 10s);
    CHECK(clock.read(machine.pass(10s)).now == noon + 20s);
}

TEST_CASE("expiry clock: a start with a clock far ahead of the store's last write forgets nobody "
          "until the clock has had time to be set") {
    Machine machine;
    ExpiryClock clock(machine.reading, noon - 240h);
    CHECK(clock.read(machine.reading).now == noon - 240h);
    CHECK(clock.read(machine.pass(59min)).now == noon - 240h + 59min);
    CHECK(clock.read(machine.pass(1min)).now == machine.reading.wall);
}

TEST_CASE("expiry clock: a start with a clock behind the store's last write shows that clock") {
    Machine machine;
    ExpiryClock clock(machine.reading, noon + 240h);
    CHECK(clock.read(machine.reading).now == noon);
    CHECK(clock.read(machine.pass(1s)).now == noon + 1s);
}
