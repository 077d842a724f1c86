#include "transport/dns_cache.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::transport;
using namespace std::chrono_literals;
using State = DnsCache::State;

namespace {

const TimePoint start{std::chrono::hours(1)};

std::vector<IpAddress> addresses(const char* text) { return {*IpAddress::parse(text)}; }

DnsCacheLimits limits() { return {.least_ttl = 5s, .most_ttl = 3600s, .retry = 5s, .hosts = 4}; }

} // namespace

TEST_CASE("dns cache: a host that was never asked for is unknown") {
    const DnsCache cache;
    const auto answer = cache.find("a.example", start);
    CHECK(answer.state == State::unknown);
    CHECK(answer.ask);
    CHECK(answer.addresses == nullptr);
}

TEST_CASE("dns cache: an answer is fresh for its TTL, whatever the case of the name") {
    DnsCache cache(limits());
    CHECK(cache.store("A.example", addresses("192.0.2.1"), 60s, start));
    const auto answer = cache.find("a.EXAMPLE", start + 59s);
    CHECK(answer.state == State::fresh);
    CHECK_FALSE(answer.ask);
    REQUIRE(answer.addresses != nullptr);
    CHECK(*answer.addresses == addresses("192.0.2.1"));
    CHECK(cache.find("a.example", start + 60s).state == State::expired);
}

TEST_CASE("dns cache: a TTL is held between its limits") {
    DnsCache cache(limits());
    cache.store("short.example", addresses("192.0.2.1"), 0s, start);
    CHECK(cache.find("short.example", start + 4s).state == State::fresh);
    CHECK(cache.find("short.example", start + 5s).state == State::expired);
    cache.store("long.example", addresses("192.0.2.1"), std::chrono::seconds::max(), start);
    CHECK(cache.find("long.example", start + 3599s).state == State::fresh);
    CHECK(cache.find("long.example", start + 3600s).state == State::expired);
}

TEST_CASE("dns cache: an expired answer that nobody failed to refresh is asked for and awaited") {
    DnsCache cache(limits());
    cache.store("a.example", addresses("192.0.2.1"), 10s, start);
    const auto answer = cache.find("a.example", start + 10s);
    CHECK(answer.state == State::expired);
    CHECK(answer.ask);
    CHECK(answer.addresses != nullptr);
}

TEST_CASE("dns cache: when DNS fails the last good answer stays, and is retried now and then") {
    DnsCache cache(limits());
    cache.store("a.example", addresses("192.0.2.1"), 10s, start);
    cache.fail("a.example", start + 10s);
    auto answer = cache.find("a.example", start + 14s);
    CHECK(answer.state == State::stale);
    CHECK_FALSE(answer.ask);
    CHECK(*answer.addresses == addresses("192.0.2.1"));
    answer = cache.find("a.example", start + 15s);
    CHECK(answer.state == State::stale);
    CHECK(answer.ask);
    cache.store("a.example", addresses("192.0.2.2"), 10s, start + 15s);
    answer = cache.find("a.example", start + 16s);
    CHECK(answer.state == State::fresh);
    CHECK(*answer.addresses == addresses("192.0.2.2"));
}

TEST_CASE("dns cache: a failure within the TTL takes nothing away") {
    DnsCache cache(limits());
    cache.store("a.example", addresses("192.0.2.1"), 60s, start);
    cache.fail("a.example", start + 50s);
    CHECK(cache.find("a.example", start + 59s).state == State::fresh);
    CHECK(cache.find("a.example", start + 60s).state == State::stale);
}

TEST_CASE("dns cache: a host that never had an answer fails at once until the next try") {
    DnsCache cache(limits());
    cache.fail("a.example", start);
    auto answer = cache.find("a.example", start + 4s);
    CHECK(answer.state == State::failed);
    CHECK_FALSE(answer.ask);
    answer = cache.find("a.example", start + 5s);
    CHECK(answer.state == State::unknown);
    CHECK(answer.ask);
}

TEST_CASE("dns cache: storing says whether the addresses changed") {
    DnsCache cache(limits());
    CHECK(cache.store("a.example", addresses("192.0.2.1"), 10s, start));
    CHECK_FALSE(cache.store("a.example", addresses("192.0.2.1"), 10s, start + 10s));
    CHECK(cache.store("a.example", addresses("192.0.2.2"), 10s, start + 20s));
}

TEST_CASE("dns cache: a kept host falls due before its TTL ends") {
    DnsCache cache(limits());
    CHECK(cache.next_due() == never);
    cache.keep("A.example");
    CHECK(cache.is_kept("a.example"));
    CHECK(cache.due(start) == std::vector<std::string>{"a.example"});
    cache.store("a.example", addresses("192.0.2.1"), 20s, start);
    CHECK(cache.next_due() == start + 15s);
    CHECK(cache.due(start + 14s).empty());
    CHECK(cache.due(start + 15s).size() == 1);
    cache.store("a.example", addresses("192.0.2.1"), 3600s, start);
    CHECK(cache.next_due() == start + 3590s);
}

TEST_CASE("dns cache: a kept host is not due again while its query is under way, or just failed") {
    DnsCache cache(limits());
    cache.keep("a.example");
    cache.asked("a.example", start);
    CHECK(cache.next_due() == start + 5s);
    cache.fail("a.example", start + 2s);
    CHECK(cache.next_due() == start + 7s);
}

TEST_CASE("dns cache: what is kept can be listed, and no longer kept") {
    DnsCache cache(limits());
    cache.keep("a.example");
    cache.keep("b.example");
    cache.store("a.example", addresses("192.0.2.1"), 10s, start);
    const auto kept = cache.kept();
    REQUIRE(kept.size() == 1);
    CHECK(kept[0].first == "a.example");
    CHECK(kept[0].second == addresses("192.0.2.1"));
    cache.keep_none();
    CHECK(cache.kept().empty());
    CHECK(cache.next_due() == never);
    CHECK(cache.find("a.example", start + 1s).state == State::fresh);
}

TEST_CASE("dns cache: when it is full the answer that ends first goes, never a kept one") {
    DnsCache cache(limits());
    cache.keep("kept.example");
    cache.store("kept.example", addresses("192.0.2.9"), 5s, start);
    for (const auto* host : {"a.example", "b.example", "c.example", "d.example"})
        cache.store(host, addresses("192.0.2.1"), host[0] == 'c' ? 10s : 100s, start);
    cache.store("e.example", addresses("192.0.2.1"), 100s, start);
    CHECK(cache.size() == 5);
    CHECK(cache.find("c.example", start).state == State::unknown);
    CHECK(cache.find("kept.example", start).state == State::fresh);
    CHECK(cache.find("a.example", start).state == State::fresh);
    CHECK(cache.find("e.example", start).state == State::fresh);
}

TEST_CASE("dns cache: what is of no use any more goes before anything else") {
    DnsCache cache(limits());
    cache.fail("a.example", start);
    cache.fail("b.example", start);
    cache.store("c.example", addresses("192.0.2.1"), 100s, start);
    cache.store("d.example", addresses("192.0.2.1"), 100s, start);
    cache.store("e.example", addresses("192.0.2.1"), 100s, start + 6s);
    CHECK(cache.size() == 3);
    CHECK(cache.find("c.example", start + 6s).state == State::fresh);
}
