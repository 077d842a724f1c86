#include "proxy/source_rates.hpp"

#include <doctest/doctest.h>

#include <array>
#include <thread>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace std::chrono_literals;

namespace {

constexpr HashKey secret{1, 2};
const IpAddress one = *IpAddress::parse("192.0.2.1");
const IpAddress other = *IpAddress::parse("192.0.2.2");

int passed(SourceRates& rates, std::uint64_t key, const Rate& rate, TimePoint now, int asked) {
    int count = 0;
    for (int i = 0; i < asked; ++i)
        count += rates.pass(key, rate, now) ? 1 : 0;
    return count;
}

} // namespace

TEST_CASE("source rates: a burst passes at once, then so many a second, for each source apart") {
    SourceRates rates(64, secret);
    const Rate rate{10, 50};
    const std::uint64_t key = rates.key_of(one);
    const TimePoint start(1000s);
    CHECK(passed(rates, key, rate, start, 200) == 50);
    CHECK(passed(rates, rates.key_of(other), rate, start, 200) == 50);
    CHECK(passed(rates, key, rate, start + 1s, 200) == 10);
    int later = 0;
    for (int tenths = 11; tenths <= 610; ++tenths)
        later += passed(rates, key, rate, start + tenths * 100ms, 5);
    CHECK(later == 600);
    CHECK(passed(rates, key, rate, start + 1h, 200) == 50);
}

TEST_CASE("source rates: a burst of one lets one pass at a time") {
    SourceRates rates(64, secret);
    const Rate rate{2, 1};
    const std::uint64_t key = rates.key_of(one);
    CHECK(passed(rates, key, rate, TimePoint(1s), 3) == 1);
    CHECK(passed(rates, key, rate, TimePoint(1s) + 499ms, 3) == 0);
    CHECK(passed(rates, key, rate, TimePoint(1s) + 500ms, 3) == 1);
}

TEST_CASE("source rates: an IPv6 source counts by its /64, an IPv4 one by itself") {
    const SourceRates rates(64, secret);
    const auto key = [&](std::string_view text) { return rates.key_of(*IpAddress::parse(text)); };
    CHECK(key("2001:db8::1") == key("2001:db8::ffff:2"));
    CHECK(key("2001:db8::1") != key("2001:db8:0:1::1"));
    CHECK(key("192.0.2.1") != key("192.0.2.2"));
}

TEST_CASE("source rates: clients at one address have a bucket each") {
    const SourceRates rates(64, secret);
    Flow flow;
    flow.remote = {one, 5060};
    Flow behind_same_nat = flow;
    behind_same_nat.remote.port = 5061;
    CHECK(rates.key_of(flow) != rates.key_of(behind_same_nat));
    CHECK(rates.key_of(flow) != rates.key_of(one));
    Flow newer = flow;
    newer.id.serial = 7;
    CHECK(rates.key_of(flow) != rates.key_of(newer));
}

TEST_CASE("source rates: beyond the table's size the bucket nearest to full makes room") {
    SourceRates rates(4, secret);
    const Rate rate{1, 10};
    const TimePoint now(1000s);
    // The first is used up, the others have lost one.
    CHECK(passed(rates, 1, rate, now, 20) == 10);
    for (std::uint64_t key = 2; key <= 4; ++key)
        CHECK(rates.pass(key, rate, now));
    CHECK(passed(rates, 5, rate, now, 20) == 10);
    CHECK(passed(rates, 1, rate, now, 20) == 0);
}

TEST_CASE("source rates: several workers at once let no more pass than one") {
    SourceRates rates(64, secret);
    const Rate rate{1, 1000};
    const std::uint64_t key = rates.key_of(one);
    REQUIRE(rates.pass(key, rate, TimePoint(1s)));
    std::array<int, 4> counts{};
    {
        std::array<std::thread, 4> threads;
        for (std::size_t i = 0; i < threads.size(); ++i)
            threads.at(i) = std::thread(
                [&, i] { counts.at(i) = passed(rates, key, rate, TimePoint(1s), 1000); });
        for (std::thread& thread : threads)
            thread.join();
    }
    CHECK(counts[0] + counts[1] + counts[2] + counts[3] == 999);
}
