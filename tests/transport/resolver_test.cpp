#include "transport/dns_server.hpp"
#include "transport/resolver_bench.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::transport;
using namespace roundabout::transport::testing;
using namespace std::chrono_literals;

TEST_CASE("resolver: numeric hosts are answered without DNS, through the inbox too") {
    const SilentPort nobody;
    Bench bench(nobody.address());
    CHECK(bench.ask("192.0.2.1") == addresses({"192.0.2.1"}));
    CHECK(bench.ask("192.0.2.2") == addresses({"192.0.2.2"}));
    CHECK(bench.ask("2001:db8::1") == addresses({"2001:db8::1"}));
    CHECK(bench.resolver->counters().queries == 0);
}

TEST_CASE("resolver: names under .invalid and the empty name fail without DNS") {
    const SilentPort nobody;
    Bench bench(nobody.address());
    CHECK(bench.ask("df7jal23ls0d.invalid").empty());
    CHECK(bench.ask("Random.INVALID").empty());
    CHECK(bench.ask("").empty());
    CHECK(bench.resolver->counters().queries == 0);
}

TEST_CASE("resolver: A and AAAA together, IPv4 first") {
    const DnsServer server({"2001:db8::7 pbx.example.test", "192.0.2.7 pbx.example.test"}, 60);
    Bench bench(server.address());
    CHECK(bench.ask("PBX.example.test") == addresses({"192.0.2.7", "2001:db8::7"}));
}

TEST_CASE("resolver: a host with AAAA only, and one with A only") {
    const DnsServer server({"2001:db8::8 six.example.test", "192.0.2.4 four.example.test"}, 60);
    Bench bench(server.address());
    CHECK(bench.ask("six.example.test") == addresses({"2001:db8::8"}));
    CHECK(bench.ask("four.example.test") == addresses({"192.0.2.4"}));
}

TEST_CASE("resolver: an answer is taken from the cache within its TTL") {
    const DnsServer server({"192.0.2.7 pbx.example.test"}, 60);
    Bench bench(server.address());
    CHECK(bench.ask("pbx.example.test") == addresses({"192.0.2.7"}));
    CHECK(bench.ask("PBX.EXAMPLE.TEST") == addresses({"192.0.2.7"}));
    CHECK(bench.resolver->counters().queries == 1);
    CHECK(bench.resolver->counters().cached == 1);
}

TEST_CASE("resolver: queries for one host at one time are joined") {
    const DnsServer server({"192.0.2.7 pbx.example.test"}, 60);
    Bench bench(server.address());
    for (Ticket ticket = 1; ticket <= 3; ++ticket)
        bench.resolver->locate(with_port("pbx.example.test"), ticket);
    for (Ticket ticket = 1; ticket <= 3; ++ticket)
        CHECK(bench.await(ticket) == addresses({"192.0.2.7"}));
    CHECK(bench.resolver->counters().queries == 1);
    CHECK(bench.resolver->counters().joined == 2);
}

TEST_CASE("resolver: a name that does not exist fails, and is not asked for again at once") {
    const DnsServer server({}, 60);
    Bench bench(server.address());
    CHECK(bench.ask("nobody.example.test").empty());
    CHECK(bench.ask("nobody.example.test").empty());
    CHECK(bench.resolver->counters().queries == 1);
    CHECK(bench.resolver->counters().failures == 1);
}

TEST_CASE("resolver: past its TTL a host is asked for again and the new answer given") {
    DnsServer server({"192.0.2.7 pbx.example.test"}, 0);
    Bench bench(server.address(), no_cache());
    CHECK(bench.ask("pbx.example.test") == addresses({"192.0.2.7"}));
    server.change({"192.0.2.8 pbx.example.test"});
    CHECK(bench.ask("pbx.example.test") == addresses({"192.0.2.8"}));
    CHECK(bench.resolver->counters().queries == 2);
}

TEST_CASE("resolver: with DNS gone the last good answer is given, at once after the first time") {
    DnsServer server({"192.0.2.7 pbx.example.test"}, 0);
    Bench bench(server.address(), no_cache());
    CHECK(bench.ask("pbx.example.test") == addresses({"192.0.2.7"}));
    server.stop();
    CHECK(bench.ask("pbx.example.test") == addresses({"192.0.2.7"}));
    CHECK(bench.resolver->counters().stale == 1);
    CHECK(bench.resolver->counters().failures == 1);
    CHECK(bench.ask("pbx.example.test") == addresses({"192.0.2.7"}));
    CHECK(bench.resolver->counters().stale == 2);
    CHECK(bench.resolver->counters().queries == 2);
}

TEST_CASE("resolver: a name that was good and no longer exists keeps its last good answer") {
    DnsServer server({"192.0.2.7 pbx.example.test"}, 0);
    Bench bench(server.address(), no_cache());
    CHECK(bench.ask("pbx.example.test") == addresses({"192.0.2.7"}));
    server.change({});
    CHECK(bench.ask("pbx.example.test") == addresses({"192.0.2.7"}));
    CHECK(bench.resolver->counters().stale == 1);
}

TEST_CASE("resolver: a name server that never answers costs its timeout, not more") {
    const SilentPort nobody;
    Bench bench(nobody.address());
    CHECK(bench.ask("pbx.example.test").empty());
    CHECK(bench.resolver->counters().failures == 1);
}

TEST_CASE("resolver: an answer too long for a datagram comes by TCP") {
    std::vector<std::string> records;
    for (int i = 1; i <= 100; ++i)
        records.push_back("192.0.2." + std::to_string(i) + " many.example.test");
    const DnsServer server(records, 60);
    Bench bench(server.address());
    CHECK(bench.ask("many.example.test").size() == 100);
}

TEST_CASE("resolver: beyond the number of queries at once it fails at once") {
    const SilentPort nobody;
    Bench bench(nobody.address(), {}, 1);
    bench.resolver->locate(with_port("a.example.test"), 1);
    CHECK(bench.ask("b.example.test").empty());
    CHECK(bench.resolver->counters().refused == 1);
    CHECK(bench.resolver->counters().queries == 1);
    CHECK_FALSE(bench.outcomes.contains(1));
}

TEST_CASE("resolver: a kept host stands in the book, and the book follows its changes") {
    DnsServer server({"192.0.2.7 pbx.example.test"}, 1);
    Bench bench(server.address(), {.least_ttl = 1s, .most_ttl = 3600s, .retry = 1s});
    bench.resolver->keep(
        {with_port("PBX.example.test"), with_port("192.0.2.99"), with_port("2001:db8::99")});
    CHECK(bench.in_book("192.0.2.99") == addresses({"192.0.2.99"}));
    CHECK(bench.in_book("2001:db8::99") == addresses({"2001:db8::99"}));
    CHECK(bench.in_book("pbx.example.test").empty());
    bench.run_until([&] { return !bench.in_book("pbx.example.test").empty(); });
    const AddressBookPtr before = bench.resolver->book();
    CHECK(bench.in_book("pbx.example.test") == addresses({"192.0.2.7"}));

    server.change({"192.0.2.8 pbx.example.test"});
    bench.run_until([&] { return bench.resolver->book() != before; });
    CHECK(bench.in_book("pbx.example.test") == addresses({"192.0.2.8"}));
    CHECK(addresses_of(before->find(with_port("pbx.example.test"))) == addresses({"192.0.2.7"}));
}

TEST_CASE("resolver: a kept host outlives DNS and finds it again") {
    DnsServer server({"192.0.2.7 pbx.example.test"}, 1);
    Bench bench(server.address(), {.least_ttl = 1s, .most_ttl = 3600s, .retry = 1s});
    bench.resolver->keep({with_port("pbx.example.test")});
    bench.run_until([&] { return !bench.in_book("pbx.example.test").empty(); });
    server.stop();
    bench.run_until([&] { return bench.resolver->counters().failures != 0; });
    CHECK(bench.in_book("pbx.example.test") == addresses({"192.0.2.7"}));
    server.start();
    server.change({"192.0.2.8 pbx.example.test"});
    bench.run_until([&] { return bench.in_book("pbx.example.test") == addresses({"192.0.2.8"}); });
}

TEST_CASE("resolver: a new configuration keeps its own hosts and no others") {
    const DnsServer server({"192.0.2.7 a.example.test", "192.0.2.8 b.example.test"}, 60);
    Bench bench(server.address());
    bench.resolver->keep({with_port("a.example.test"), with_port("192.0.2.99")});
    bench.run_until([&] { return !bench.in_book("a.example.test").empty(); });
    bench.resolver->keep({with_port("b.example.test"), with_port("a.example.test")});
    CHECK(bench.in_book("a.example.test") == addresses({"192.0.2.7"}));
    CHECK(bench.in_book("192.0.2.99").empty());
    bench.run_until([&] { return !bench.in_book("b.example.test").empty(); });
    bench.resolver->keep({});
    CHECK(bench.resolver->book()->locations.empty());
}

TEST_CASE("resolver: ended with a query under way, it answers nothing more") {
    const SilentPort nobody;
    Bench bench(nobody.address());
    bench.resolver->keep({with_port("kept.example.test")});
    bench.resolver->locate(with_port("pbx.example.test"), 1);
    bench.run_ready();
    bench.resolver.reset();
    bench.run_ready();
    CHECK(bench.outcomes.empty());
}

TEST_CASE("resolver: a name server that is no address is refused") {
    boost::asio::io_context context;
    Inbox inbox([] {}, 1);
    ResolverSettings settings;
    settings.name_servers = {"no address"};
    const auto made = Resolver::make(context, inbox, settings);
    REQUIRE(made.has_error());
    CHECK(to_error(made.error()) == Error::resolve_failed);
}
