#include "store/write_health.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::store;
using namespace std::chrono_literals;

namespace {

constexpr WriteHealth::Clock::time_point start{1000s};

std::string said(HealthLog& log, const StoreHealth& health, WriteHealth::Clock::time_point now) {
    std::string all;
    for (const HealthLog::Line& line : log.look(health, now))
        all += (line.bad ? "bad: " : "good: ") + line.text + "\n";
    return all;
}

} // namespace

TEST_CASE("write health: a write is given its time, and hangs when that is over") {
    WriteHealth health;
    health.begin(start);
    CHECK_FALSE(health.report(start + 2s, 2s, 0).degraded);
    const StoreHealth hanging = health.report(start + 3s, 2s, 4);
    CHECK(hanging.degraded);
    CHECK(hanging.waiting == 4);
    health.succeeded();
    CHECK_FALSE(health.report(start + 9s, 2s, 0).degraded);
}

TEST_CASE("write health: a database that another process keeps busy is degraded after a while") {
    WriteHealth health;
    for (int i = 0; i < 10; ++i) {
        health.begin(start + i * 100ms);
        health.busy("database is locked");
    }
    CHECK_FALSE(health.report(start + 1s, 2s, 1).degraded);
    const StoreHealth busy = health.report(start + 3s, 2s, 1);
    CHECK(busy.why == Error::store_busy);
    CHECK(busy.words == "database is locked");
}

TEST_CASE("health log: trouble is said at once, then now and then, and so is its end, once") {
    HealthLog log;
    StoreHealth good;
    StoreHealth bad;
    bad.degraded = true;
    bad.why = Error::store_unavailable;
    bad.words = "disk is full";
    bad.waiting = 3;
    CHECK(said(log, good, start).empty());
    CHECK(said(log, bad, start + 1s).find("disk is full; 3 are volatile") != std::string::npos);
    for (int i = 2; i < 30; ++i)
        CHECK(said(log, bad, start + i * 1s).empty());
    CHECK(said(log, bad, start + 31s).find("for 30 s") != std::string::npos);
    CHECK(said(log, good, start + 32s) == "good: registrations reach the disk again\n");
    CHECK(said(log, good, start + 33s).empty());
}

TEST_CASE("health log: a new file in place of a bad one is said once") {
    HealthLog log;
    StoreHealth renewed;
    renewed.renewed = 1;
    renewed.renewal = "set aside";
    CHECK(said(log, renewed, start) == "bad: set aside\n");
    CHECK(said(log, renewed, start + 1s).empty());
}
