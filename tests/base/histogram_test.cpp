#include "base/histogram.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace std::chrono_literals;

TEST_CASE("histogram: a duration falls into the first bucket whose bound is not below it") {
    WaitingTimes times;
    times.add(0ms);
    times.add(1ms);
    times.add(1001us);
    times.add(61s);
    const HistogramValue value = times.value();
    REQUIRE(value.counts.size() == WaitingTimes::bounds().size() + 1);
    CHECK(value.counts[0] == 2);
    CHECK(value.counts[1] == 1);
    CHECK(value.counts.back() == 1);
    CHECK(value.sum == 61'002'001us);
}

TEST_CASE("histogram: those of several workers add up") {
    WorkingTimes one;
    WorkingTimes other;
    one.add(60us);
    other.add(70us);
    other.add(6s);
    HistogramValue all;
    all.add(one.value());
    all.add(other.value());
    CHECK(all.counts[1] == 2);
    CHECK(all.counts.back() == 1);
    CHECK(all.sum == 6'000'130us);
}
