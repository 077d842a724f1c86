#include "transport/tap.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace roundabout;
using namespace roundabout::transport;

TEST_CASE("tap: nothing is wanted or kept until it is opened, and after it is closed") {
    Tap tap;
    CHECK_FALSE(tap.wanted());
    tap.put(true, {}, 0, "early");
    int woken = 0;
    tap.open([&woken] { ++woken; });
    CHECK(tap.wanted());
    tap.put(true, {}, 3, "one");
    tap.put(false, {}, 4, "two");
    CHECK(woken == 1); // whoever takes takes all
    std::vector<Passed> taken;
    CHECK(tap.take(taken) == 0);
    REQUIRE(taken.size() == 2);
    CHECK(taken[0].bytes == "one");
    CHECK(taken[0].sent);
    CHECK(taken[0].worker == 3);
    CHECK_FALSE(taken[1].sent);
    tap.put(true, {}, 0, "three");
    CHECK(woken == 2);
    tap.close();
    CHECK_FALSE(tap.wanted());
    tap.put(true, {}, 0, "late");
    tap.open([] {});
    CHECK(tap.take(taken) == 0);
    CHECK(taken.empty());
}

TEST_CASE("tap: what nobody takes in time is lost and counted, by number and by size") {
    Tap tap;
    tap.open([] {});
    for (std::size_t i = 0; i < Tap::most_messages + 5; ++i)
        tap.put(true, {}, 0, "m");
    std::vector<Passed> taken;
    CHECK(tap.take(taken) == 5);
    CHECK(taken.size() == Tap::most_messages);
    const std::string large(Tap::most_bytes / 2 + 1, 'x');
    tap.put(true, {}, 0, large);
    tap.put(true, {}, 0, large);
    CHECK(tap.take(taken) == 1);
    CHECK(taken.size() == 1);
    CHECK(tap.take(taken) == 0);
}
