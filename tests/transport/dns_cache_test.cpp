#include "transport/dns_cache.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::transport;
using namespace std::chrono_literals;
using State = DnsCache::State;

namespace {

const TimePoint start{std::chrono::hours(1)};

DnsRecords addresses(const char* text) { return {{*IpAddress::parse(text)}, {}, {}}; }

DnsQuestion host(const char* name) { return {DnsQuestion::Type::address, name}; }

DnsCacheLimits limits() {
    return {.least_ttl = 5s, .most_ttl = 3600s, .retry = 5s, .questions = 4};
}

} // namespace

TEST_CASE("dns cache: a host that was never asked for is unknown") {
    const DnsCache cache;
    const auto answer = cache.find(host("a.example"), start);
    CHECK(answer.state == State::unknown);
    CHECK(answer.ask);
    CHECK(answer.records == nullptr);
}

TEST_CASE("dns cache: an answer is fresh for its TTL") {
    DnsCache cache(limits());
    CHECK(cache.store(host("a.example"), addresses("192.0.2.1"), 60s, start));
    const auto answer = cache.find(host("a.example"), start + 59s);
    CHECK(answer.state == State::fresh);
    CHECK_FALSE(answer.ask);
    REQUIRE(answer.records != nullptr);
    CHECK(*answer.records == addresses("192.0.2.1"));
    CHECK(cache.find(host("a.example"), start + 60s).state == State::expired);
}

TEST_CASE("dns cache: a TTL is held between its limits") {
    DnsCache cache(limits());
    cache.store(host("short.example"), addresses("192.0.2.1"), 0s, start);
    CHECK(cache.find(host("short.example"), start + 4s).state == State::fresh);
    CHECK(cache.find(host("short.example"), start + 5s).state == State::expired);
    cache.store(host("long.example"), addresses("192.0.2.1"), std::chrono::seconds::max(), start);
    CHECK(cache.find(host("long.example"), start + 3599s).state == State::fresh);
    CHECK(cache.find(host("long.example"), start + 3600s).state == State::expired);
}

TEST_CASE("dns cache: an expired answer that nobody failed to refresh is asked for and awaited") {
    DnsCache cache(limits());
    cache.store(host("a.example"), addresses("192.0.2.1"), 10s, start);
    const auto answer = cache.find(host("a.example"), start + 10s);
    CHECK(answer.state == State::expired);
    CHECK(answer.ask);
    CHECK(answer.records != nullptr);
}

TEST_CASE("dns cache: when DNS fails the last good answer stays, and is retried now and then") {
    DnsCache cache(limits());
    cache.store(host("a.example"), addresses("192.0.2.1"), 10s, start);
    cache.fail(host("a.example"), start + 10s);
    auto answer = cache.find(host("a.example"), start + 14s);
    CHECK(answer.state == State::stale);
    CHECK_FALSE(answer.ask);
    CHECK(*answer.records == addresses("192.0.2.1"));
    answer = cache.find(host("a.example"), start + 15s);
    CHECK(answer.state == State::stale);
    CHECK(answer.ask);
    cache.store(host("a.example"), addresses("192.0.2.2"), 10s, start + 15s);
    answer = cache.find(host("a.example"), start + 16s);
    CHECK(answer.state == State::fresh);
    CHECK(*answer.records == addresses("192.0.2.2"));
}

TEST_CASE("dns cache: a failure within the TTL takes nothing away") {
    DnsCache cache(limits());
    cache.store(host("a.example"), addresses("192.0.2.1"), 60s, start);
    cache.fail(host("a.example"), start + 50s);
    CHECK(cache.find(host("a.example"), start + 59s).state == State::fresh);
    CHECK(cache.find(host("a.example"), start + 60s).state == State::stale);
}

TEST_CASE("dns cache: a host that never had an answer fails at once until the next try") {
    DnsCache cache(limits());
    cache.fail(host("a.example"), start);
    auto answer = cache.find(host("a.example"), start + 4s);
    CHECK(answer.state == State::failed);
    CHECK_FALSE(answer.ask);
    answer = cache.find(host("a.example"), start + 5s);
    CHECK(answer.state == State::unknown);
    CHECK(answer.ask);
}

TEST_CASE("dns cache: storing says whether the addresses changed") {
    DnsCache cache(limits());
    CHECK(cache.store(host("a.example"), addresses("192.0.2.1"), 10s, start));
    CHECK_FALSE(cache.store(host("a.example"), addresses("192.0.2.1"), 10s, start + 10s));
    CHECK(cache.store(host("a.example"), addresses("192.0.2.2"), 10s, start + 20s));
}

TEST_CASE("dns cache: a kept host falls due before its TTL ends") {
    DnsCache cache(limits());
    CHECK(cache.next_due() == never);
    cache.keep(host("a.example"));
    CHECK(cache.is_kept(host("a.example")));
    CHECK(cache.due(start) == std::vector<DnsQuestion>{host("a.example")});
    cache.store(host("a.example"), addresses("192.0.2.1"), 20s, start);
    CHECK(cache.next_due() == start + 15s);
    CHECK(cache.due(start + 14s).empty());
    CHECK(cache.due(start + 15s).size() == 1);
    cache.store(host("a.example"), addresses("192.0.2.1"), 3600s, start);
    CHECK(cache.next_due() == start + 3590s);
}

TEST_CASE("dns cache: a kept host is not due again while its query is under way, or just failed") {
    DnsCache cache(limits());
    cache.keep(host("a.example"));
    cache.asked(host("a.example"), start);
    CHECK(cache.next_due() == start + 5s);
    cache.fail(host("a.example"), start + 2s);
    CHECK(cache.next_due() == start + 7s);
}

TEST_CASE("dns cache: what is no longer kept stays as any other answer") {
    DnsCache cache(limits());
    cache.keep(host("a.example"));
    cache.store(host("a.example"), addresses("192.0.2.1"), 10s, start);
    cache.keep_none();
    CHECK_FALSE(cache.is_kept(host("a.example")));
    CHECK(cache.next_due() == never);
    CHECK(cache.find(host("a.example"), start + 1s).state == State::fresh);
}

TEST_CASE("dns cache: questions of one name and several types are told apart") {
    DnsCache cache(limits());
    cache.store(host("a.example"), addresses("192.0.2.1"), 10s, start);
    const DnsQuestion srv{DnsQuestion::Type::srv, "a.example"};
    CHECK(cache.find(srv, start).state == State::unknown);
    cache.store(srv, {{}, {{1, 2, 5060, "b.example"}}, {}}, 10s, start);
    CHECK(cache.find(srv, start).records->services.size() == 1);
    CHECK(*cache.find(host("a.example"), start).records == addresses("192.0.2.1"));
}

TEST_CASE("dns cache: that there is none is an answer, and counts for a bounded time") {
    DnsCache cache({.least_ttl = 5s, .most_ttl = 3600s, .most_none = 60s, .retry = 5s});
    const DnsQuestion srv{DnsQuestion::Type::srv, "a.example"};
    CHECK(cache.store(srv, {}, 86400s, start));
    const auto answer = cache.find(srv, start + 59s);
    CHECK(answer.state == State::fresh);
    REQUIRE(answer.records != nullptr);
    CHECK(answer.records->empty());
    CHECK(cache.find(srv, start + 60s).state == State::expired);
    CHECK_FALSE(cache.is_failing(srv));
    cache.fail(srv, start + 60s);
    CHECK(cache.is_failing(srv));
    CHECK(cache.find(srv, start + 61s).state == State::stale);
}

TEST_CASE("dns cache: when it is full the answer that ends first goes, never a kept one") {
    DnsCache cache(limits());
    cache.keep(host("kept.example"));
    cache.store(host("kept.example"), addresses("192.0.2.9"), 5s, start);
    for (const auto* name : {"a.example", "b.example", "c.example", "d.example"})
        cache.store(host(name), addresses("192.0.2.1"), name[0] == 'c' ? 10s : 100s, start);
    cache.store(host("e.example"), addresses("192.0.2.1"), 100s, start);
    CHECK(cache.size() == 5);
    CHECK(cache.find(host("c.example"), start).state == State::unknown);
    CHECK(cache.find(host("kept.example"), start).state == State::fresh);
    CHECK(cache.find(host("a.example"), start).state == State::fresh);
    CHECK(cache.find(host("e.example"), start).state == State::fresh);
}

TEST_CASE("dns cache: what is of no use any more goes before anything else") {
    DnsCache cache(limits());
    cache.fail(host("a.example"), start);
    cache.fail(host("b.example"), start);
    cache.store(host("c.example"), addresses("192.0.2.1"), 100s, start);
    cache.store(host("d.example"), addresses("192.0.2.1"), 100s, start);
    cache.store(host("e.example"), addresses("192.0.2.1"), 100s, start + 6s);
    CHECK(cache.size() == 3);
    CHECK(cache.find(host("c.example"), start + 6s).state == State::fresh);
}
