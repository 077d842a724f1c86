#include "transport/dns_reply.hpp"
#include "transport/dns_server.hpp"
#include "transport/lying_server.hpp"
#include "transport/resolver_bench.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::transport;
using namespace roundabout::transport::testing;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> hosts{"192.0.2.1 a.example.test", "2001:db8::1 a.example.test",
                                     "192.0.2.2 b.example.test", "192.0.2.9 example.test"};
const std::string udp_to_a = "--srv-host=_sip._udp.example.test,a.example.test,5071,10,20";
const std::string udp_to_b = "--srv-host=_sip._udp.example.test,b.example.test,5072,20,0";
const std::string tls_to_b = "--srv-host=_sips._tcp.example.test,b.example.test,5061,1,1";
const std::string naptr_to_tls =
    "--naptr-record=example.test,10,10,s,SIPS+D2T,,_sips._tcp.example.test";

Sought by(std::optional<Transport> transport, const std::string& host = "example.test") {
    Sought sought;
    sought.host = host;
    sought.transport = transport;
    sought.spoken = {Transport::udp, Transport::tcp, Transport::tls};
    return sought;
}

const Location own_addresses{{Transport::udp, 0, 0, 5060, addresses({"192.0.2.9"})}};
const Location a_and_b{{Transport::udp, 0, 20, 5071, addresses({"192.0.2.1", "2001:db8::1"})},
                       {Transport::udp, 1, 0, 5072, addresses({"192.0.2.2"})}};
const Location b_by_tls{{Transport::tls, 0, 1, 5061, addresses({"192.0.2.2"})}};

} // namespace

TEST_CASE("resolver: SRV records with their priorities, weights and ports") {
    const DnsServer server(hosts, 60, {udp_to_a, udp_to_b});
    Bench bench(server.address());
    CHECK(bench.locate(by(Transport::udp, "Example.TEST")) == a_and_b);
    CHECK(bench.resolver->counters().queries == 3);
    CHECK(bench.locate(by(Transport::udp)) == a_and_b); // all of it from the cache
    CHECK(bench.resolver->counters().queries == 3);
}

TEST_CASE("resolver: NAPTR chooses TLS, without it SRV is asked for each transport") {
    DnsServer server(hosts, 60, {udp_to_a, udp_to_b, tls_to_b, naptr_to_tls});
    {
        Bench bench(server.address());
        CHECK(bench.locate(by(std::nullopt)) == b_by_tls);
    }
    server.stop();
    server.start({tls_to_b});
    Bench bench(server.address());
    CHECK(bench.locate(by(std::nullopt)) == b_by_tls);
}

TEST_CASE("resolver: a name without records of that kind has its own addresses") {
    const DnsServer server(hosts, 60);
    Bench bench(server.address());
    CHECK(bench.locate(by(Transport::udp)) == own_addresses);
    CHECK(bench.locate(by(std::nullopt)) == own_addresses);
    CHECK(bench.resolver->counters().failures == 0);
}

TEST_CASE("resolver: an SRV target of . is no place, and no address is asked for") {
    const DnsServer server(hosts, 60, {"--srv-host=_sip._udp.example.test"});
    Bench bench(server.address());
    CHECK(bench.locate(by(Transport::udp)).empty());
    CHECK(bench.resolver->counters().queries == 1);
}

TEST_CASE("resolver: SRV records too many for a datagram come by TCP") {
    std::vector<std::string> many;
    for (int i = 0; i < 60; ++i)
        many.push_back("--srv-host=_sip._udp.example.test,a.example.test," +
                       std::to_string(6000 + i) + "," + std::to_string(i) + ",0");
    const DnsServer server(hosts, 60, many);
    Bench bench(server.address());
    // First: a dnsmasq that is no daemon serves nobody else while a TCP connection is open.
    CHECK(bench.ask("a.example.test") == addresses({"192.0.2.1", "2001:db8::1"}));
    const Location found = bench.locate(by(Transport::udp));
    REQUIRE(found.size() == 32);
    CHECK(found[0].port == 6000);
    CHECK(found[31].port == 6031);
}

TEST_CASE("resolver: kept places follow every record that they rest on, and outlive DNS") {
    DnsServer server(hosts, 1, {udp_to_a});
    DnsCacheLimits limits;
    limits.least_ttl = limits.retry = 1s;
    Bench bench(server.address(), limits);
    const Sought sought = by(Transport::udp);
    const auto in_book = [&] { return bench.resolver->book()->find(sought); };
    bench.resolver->keep({sought});
    CHECK(in_book().empty());
    bench.run_until([&] { return !in_book().empty(); });
    CHECK(in_book().front().port == 5071);
    server.change({"192.0.2.77 a.example.test"});
    bench.run_until([&] { return in_book().front().addresses == addresses({"192.0.2.77"}); });
    server.stop();
    const auto failures = bench.resolver->counters().failures;
    bench.run_until([&] { return bench.resolver->counters().failures > failures + 1; });
    CHECK(in_book().front().addresses == addresses({"192.0.2.77"}));
    server.start({udp_to_b});
    server.change(hosts);
    bench.run_until([&] { return !in_book().empty() && in_book().front().port == 5072; });
    CHECK(in_book().front().addresses == addresses({"192.0.2.2"}));
}

TEST_CASE("resolver: places stay as they were when DNS forgets the name") {
    DnsServer server(hosts, 1, {udp_to_a});
    DnsCacheLimits limits;
    limits.least_ttl = limits.retry = limits.most_none = 1s;
    Bench bench(server.address(), limits);
    const Sought sought = by(Transport::udp);
    bench.resolver->keep({sought});
    bench.run_until([&] { return !bench.resolver->book()->find(sought).empty(); });
    server.stop();
    server.start({});
    server.change({});
    const auto queries = bench.resolver->counters().queries;
    bench.run_until([&] { return bench.resolver->counters().queries > queries + 4; });
    REQUIRE(bench.resolver->book()->find(sought).size() == 1);
    CHECK(bench.resolver->book()->find(sought)[0].port == 5071);
}

TEST_CASE("dns lies: whatever a server answers to SRV, a location is found or fails") {
    struct Lie {
        const char* what;
        LyingServer::Answer answer;
    };
    const std::string service = "_sip._udp.example.test";
    const auto reply = [](const LyingServer::Message& query) { return DnsReply(query); };
    const std::vector<Lie> lies{
        {"nothing at all", [](const auto&) { return LyingServer::Message(); }},
        {"half a header",
         [](const auto& query) { return LyingServer::Message(query.begin(), query.begin() + 6); }},
        {"refused", [=](const auto& query) { return reply(query).flags(0x8185).bytes; }},
        {"server failure", [=](const auto& query) { return reply(query).flags(0x8182).bytes; }},
        {"cut short, and no TCP",
         [=](const auto& query) { return reply(query).flags(0x8380).bytes; }},
        {"counts beyond the end",
         [=](const auto& query) { return reply(query).count(3, 500).bytes; }},
        {"another id",
         [=](const auto& query) {
             auto bytes = reply(query).bytes;
             bytes[0] ^= 1U;
             return bytes;
         }},
        {"another question",
         [=](const auto& query) {
             auto bytes = reply(query).bytes;
             bytes[14] ^= 1U;
             return bytes;
         }},
        {"somebody else's records",
         [=](const auto& query) {
             return reply(query).srv("_sip._udp.victim.test", 9, 1, 1, 5060, "evil.test").bytes;
         }},
    };
    for (const Lie& lie : lies) {
        CAPTURE(lie.what);
        const LyingServer server(lie.answer);
        Bench bench(server.address());
        CHECK(bench.locate(by(Transport::udp)).empty());
        CHECK(server.queries() > 0);
    }
}

TEST_CASE(
    "dns lies: a TTL of years is not believed, a TTL of 0 does not make us ask all the time") {
    for (const std::uint32_t ttl : {0U, 0x7FFFFFFFU}) {
        const LyingServer server([ttl](const LyingServer::Message& query) {
            return DnsReply(query)
                .srv("_sip._udp.example.test", ttl, 0, 0, 0, "") // no such service
                .bytes;
        });
        Bench bench(server.address());
        for (int i = 0; i < 20; ++i)
            CHECK(bench.locate(by(Transport::udp)).empty());
        CHECK(server.queries() == 1);
    }
}
