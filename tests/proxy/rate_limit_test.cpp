#include "proxy/rate_limit.hpp"

#include <doctest/doctest.h>

using roundabout::TimePoint;
using roundabout::proxy::RateLimit;
using namespace std::chrono_literals;

namespace {

int passed(RateLimit& limit, TimePoint now, int asked) {
    int count = 0;
    for (int i = 0; i < asked; ++i)
        count += limit.pass(now) ? 1 : 0;
    return count;
}

} // namespace

TEST_CASE("A burst passes at once, and no more than that") {
    RateLimit limit(10, 50);
    CHECK(passed(limit, TimePoint(1000s), 200) == 50);
}

TEST_CASE("In the long run the rate passes, whatever is asked for") {
    RateLimit limit(10, 50);
    passed(limit, TimePoint(1000s), 200);
    int later = 0;
    for (int tenths = 1; tenths <= 600; ++tenths)
        later += passed(limit, TimePoint(1000s + tenths * 100ms), 7);
    CHECK(later >= 599); // one a tenth of a second; a sum of fractions may lag by one
    CHECK(later <= 600);
}

TEST_CASE("Silence earns no more than one burst") {
    RateLimit limit(10, 50);
    passed(limit, TimePoint(1000s), 200);
    CHECK(passed(limit, TimePoint(90'000s), 200) == 50);
}

TEST_CASE("A moment before the last one earns nothing and takes nothing away") {
    RateLimit limit(10, 2);
    CHECK(limit.pass(TimePoint(1000s)));
    CHECK(limit.pass(TimePoint(999s)));
    CHECK_FALSE(limit.pass(TimePoint(999s)));
}
