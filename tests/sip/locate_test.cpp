#include "sip/locate.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

using namespace roundabout;
using namespace roundabout::sip;
using Type = DnsQuestion::Type;

namespace {

// A DNS of the test's own; what it does not list has no records.
struct Zone {
    std::map<DnsQuestion, DnsRecords> records;
    std::set<DnsQuestion> asked;

    Zone& address(const std::string& name, std::initializer_list<const char*> texts) {
        for (const char* text : texts)
            records[{Type::address, name}].addresses.push_back(*IpAddress::parse(text));
        return *this;
    }
    Zone& srv(const std::string& name, SrvRecord record) {
        records[{Type::srv, name}].services.push_back(std::move(record));
        return *this;
    }
    Zone& naptr(const std::string& name, std::uint16_t order, std::uint16_t preference,
                const std::string& service, const std::string& replacement,
                const std::string& flags = "s", const std::string& regexp = {}) {
        records[{Type::naptr, name}].pointers.push_back(
            {order, preference, flags, service, regexp, replacement});
        return *this;
    }

    // Asks as the resolver does: what is needed, until nothing is.
    Location locate(const Sought& sought) {
        for (int round = 0; round < 8; ++round) {
            const Located located = sip::locate(sought, [this](const DnsQuestion& question) {
                return asked.contains(question) ? &records[question] : nullptr;
            });
            if (located.needs.empty())
                return located.location;
            asked.insert(located.needs.begin(), located.needs.end());
        }
        FAIL("it never stops asking");
        return {};
    }
};

Sought name(const char* host) {
    Sought sought;
    sought.host = host;
    sought.spoken = {Transport::udp, Transport::tcp, Transport::tls};
    return sought;
}

Sought by(Transport transport, const char* host = "example.test") {
    Sought sought = name(host);
    sought.transport = transport;
    return sought;
}

// "udp 192.0.2.1:5060, ..."
std::string text(const std::vector<Candidate>& candidates) {
    std::string out;
    for (const Candidate& candidate : candidates)
        out += (out.empty() ? "" : ", ") + std::string(name(candidate.transport)) + " " +
               candidate.remote.to_string();
    return out;
}

std::string places(Zone& zone, const Sought& sought, std::uint64_t random = 1) {
    return text(in_order(zone.locate(sought), random));
}

} // namespace

TEST_CASE(
    "locate: an address needs no DNS; port and transport are those given, else the defaults") {
    Zone zone;
    CHECK(places(zone, name("192.0.2.1")) == "udp 192.0.2.1:5060");
    CHECK(places(zone, by(Transport::tls, "2001:db8::1")) == "tls [2001:db8::1]:5061");
    Sought sought = by(Transport::tcp, "192.0.2.1");
    sought.port = 5070;
    CHECK(places(zone, sought) == "tcp 192.0.2.1:5070");
    sought.transport.reset();
    sought.fallback = Transport::tls;
    CHECK(places(zone, sought) == "tls 192.0.2.1:5070");
    CHECK(zone.asked.empty());
}

TEST_CASE("R21 locate: what is sought by a SIPS URI is never reached in clear") {
    Zone zone;
    zone.address("example.test", {"192.0.2.1"});
    Sought sought = name("192.0.2.1");
    sought.secure = true;
    CHECK(places(zone, sought) == "tls 192.0.2.1:5061");
    sought.transport = Transport::ws;
    CHECK(places(zone, sought) == "wss 192.0.2.1:443");
    sought = name("example.test");
    sought.secure = true;
    zone.naptr("example.test", 10, 10, "SIP+D2U", "_sip._udp.example.test")
        .srv("_sip._udp.example.test", {1, 1, 5060, "example.test"})
        .srv("_sips._tcp.example.test", {1, 1, 5091, "example.test"});
    CHECK(places(zone, sought) == "tls 192.0.2.1:5091");
    CHECK_FALSE(zone.asked.contains({Type::srv, "_sip._udp.example.test"}));
}

TEST_CASE("locate: a port overrides SRV, and the transport is the one given") {
    Zone zone;
    zone.address("example.test", {"192.0.2.1"})
        .srv("_sip._tcp.example.test", {1, 1, 9999, "example.test"});
    Sought sought = by(Transport::tcp);
    sought.port = 5070;
    CHECK(places(zone, sought) == "tcp 192.0.2.1:5070");
    CHECK(zone.asked == std::set<DnsQuestion>{{Type::address, "example.test"}});
}

TEST_CASE("locate: a transport asks for its SRV records, without NAPTR") {
    Zone zone;
    zone.address("a.test", {"192.0.2.1"}).address("b.test", {"192.0.2.2"});
    zone.srv("_sips._tcp.example.test", {20, 0, 5062, "b.test"})
        .srv("_sips._tcp.example.test", {10, 0, 5061, "a.test"});
    CHECK(places(zone, by(Transport::tls)) == "tls 192.0.2.1:5061, tls 192.0.2.2:5062");
    CHECK_FALSE(zone.asked.contains({Type::naptr, "example.test"}));
}

TEST_CASE("locate: without SRV records the name's own addresses with the default port") {
    Zone zone;
    zone.address("example.test", {"2001:db8::1", "192.0.2.1"});
    CHECK(places(zone, by(Transport::tls)) == "tls 192.0.2.1:5061, tls [2001:db8::1]:5061");
    CHECK(zone.asked.contains({Type::srv, "_sips._tcp.example.test"}));
}

TEST_CASE("locate: WebSocket servers have no SRV records") {
    Zone zone;
    zone.address("example.test", {"192.0.2.1"});
    CHECK(places(zone, by(Transport::wss)) == "wss 192.0.2.1:443");
    CHECK(zone.asked == std::set<DnsQuestion>{{Type::address, "example.test"}});
}

TEST_CASE("locate: an SRV target of . means that there is no such service") {
    Zone zone;
    zone.address("example.test", {"192.0.2.1"}).srv("_sip._tcp.example.test", {0, 0, 0, ""});
    CHECK(places(zone, by(Transport::tcp)).empty());
    CHECK_FALSE(zone.asked.contains({Type::address, "example.test"}));
    SUBCASE("by any transport the others are asked for") {
        zone.srv("_sip._udp.example.test", {0, 0, 0, ""});
        CHECK(places(zone, name("example.test")).empty());
        zone.srv("_sips._tcp.example.test", {0, 0, 5061, "example.test"});
        CHECK(places(zone, name("example.test")) == "tls 192.0.2.1:5061");
    }
}

TEST_CASE("locate: SRV targets without addresses, with port 0 or that are addresses are left out") {
    Zone zone;
    zone.address("b.test", {"192.0.2.2"});
    zone.srv("_sip._udp.example.test", {1, 0, 5060, "gone.test"})
        .srv("_sip._udp.example.test", {2, 0, 0, "b.test"})
        .srv("_sip._udp.example.test", {3, 0, 5060, "192.0.2.9"})
        .srv("_sip._udp.example.test", {4, 0, 5064, "b.test"});
    CHECK(places(zone, by(Transport::udp)) == "udp 192.0.2.2:5064");
}

TEST_CASE("locate: NAPTR chooses the transport, by order and then preference") {
    Zone zone;
    zone.address("a.test", {"192.0.2.1"});
    zone.naptr("example.test", 20, 1, "SIP+D2U", "_sip._udp.example.test")
        .naptr("example.test", 10, 20, "sip+d2t", "elsewhere.test", "S")
        .naptr("example.test", 10, 10, "SIPS+D2T", "_sips._tcp.example.test");
    zone.srv("_sip._udp.example.test", {1, 0, 5060, "a.test"})
        .srv("elsewhere.test", {1, 0, 5070, "a.test"})
        .srv("_sips._tcp.example.test", {1, 0, 5061, "a.test"});
    SUBCASE("the lowest order alone") {
        CHECK(places(zone, name("example.test")) == "tls 192.0.2.1:5061, tcp 192.0.2.1:5070");
        CHECK_FALSE(zone.asked.contains({Type::srv, "_sip._udp.example.test"}));
    }
    SUBCASE("the lowest order that has a transport we speak") {
        Sought sought = name("example.test");
        sought.spoken = {Transport::udp};
        CHECK(places(zone, sought) == "udp 192.0.2.1:5060");
    }
    SUBCASE("a transport parameter overrides them") {
        CHECK(places(zone, by(Transport::udp)) == "udp 192.0.2.1:5060");
    }
}

TEST_CASE("locate: NAPTR records that we can't follow are as none: SRV for each transport") {
    Zone zone;
    zone.address("a.test", {"192.0.2.1"});
    zone.naptr("example.test", 1, 1, "SIP+D2S", "_sip._sctp.example.test")
        .naptr("example.test", 2, 1, "SIP+D2U", "", "s")
        .naptr("example.test", 3, 1, "E2U+sip", "", "u", "!^.*$!sip:info@example.test!")
        .naptr("example.test", 4, 1, "SIP+D2T", "_sip._tcp.example.test", "a");
    zone.srv("_sip._tcp.example.test", {1, 0, 5066, "a.test"})
        .srv("_sips._tcp.example.test", {1, 0, 5061, "a.test"});
    CHECK(places(zone, name("example.test")) == "tcp 192.0.2.1:5066");
    CHECK(zone.asked.contains({Type::srv, "_sip._udp.example.test"}));
    SUBCASE("the configured transport first") {
        Sought sought = name("example.test");
        sought.fallback = Transport::tls;
        CHECK(places(zone, sought) == "tls 192.0.2.1:5061");
    }
}

TEST_CASE("locate: with neither NAPTR nor SRV the addresses, by the configured transport") {
    Zone zone;
    zone.address("example.test", {"192.0.2.1"});
    Sought sought = name("example.test");
    sought.fallback = Transport::tcp;
    CHECK(places(zone, sought) == "tcp 192.0.2.1:5060");
}

TEST_CASE("locate: a name that leads nowhere has no place") {
    Zone zone;
    CHECK(zone.locate(name("nobody.test")).empty());
}

TEST_CASE("locate: what a domain makes us ask is bounded") {
    Zone zone;
    for (std::uint16_t p = 0; p < 50; ++p) {
        const std::string service = "service" + std::to_string(p) + ".test";
        zone.naptr("example.test", 1, p, "SIP+D2U", service);
        for (std::uint16_t i = 0; i < 200; ++i) {
            const std::string host = "h" + std::to_string(p * 1000 + i) + ".test";
            zone.srv(service, {i, 0, 5060, host}).address(host, {"192.0.2.1"});
        }
    }
    CHECK(zone.locate(name("example.test")).size() == most_hosts);
    CHECK(zone.asked.size() <= 1 + most_pointers + most_hosts);
}

TEST_CASE("order: hosts of one priority are drawn by weight, and all are there") {
    Zone zone;
    zone.address("a.test", {"192.0.2.1"}).address("b.test", {"192.0.2.2"});
    zone.address("c.test", {"192.0.2.3"});
    zone.srv("_sip._udp.example.test", {1, 30, 5060, "a.test"})
        .srv("_sip._udp.example.test", {1, 10, 5060, "b.test"})
        .srv("_sip._udp.example.test", {1, 0, 5060, "c.test"});
    const Location location = zone.locate(by(Transport::udp));
    std::map<std::string, int> first;
    for (std::uint64_t random = 0; random < 4000; ++random) {
        const auto order = in_order(location, random);
        REQUIRE(order.size() == 3);
        ++first[order.front().remote.address.to_string()];
    }
    CHECK(first["192.0.2.1"] > 2700);
    CHECK(first["192.0.2.1"] < 3200);
    CHECK(first["192.0.2.2"] > 800);
    CHECK(first["192.0.2.2"] < 1200);
    CHECK(first["192.0.2.3"] > 20); // weight 0: seldom, but not never
    CHECK(first["192.0.2.3"] < 250);
}

TEST_CASE("order: with all weights 0 each host has its turn") {
    Zone zone;
    zone.address("a.test", {"192.0.2.1"}).address("b.test", {"192.0.2.2"});
    zone.srv("_sip._udp.example.test", {1, 0, 5060, "a.test"})
        .srv("_sip._udp.example.test", {1, 0, 5060, "b.test"});
    const Location location = zone.locate(by(Transport::udp));
    std::set<std::string> seen;
    for (std::uint64_t random = 0; random < 50; ++random)
        seen.insert(text(in_order(location, random)));
    CHECK(seen == std::set<std::string>{"udp 192.0.2.1:5060, udp 192.0.2.2:5060",
                                        "udp 192.0.2.2:5060, udp 192.0.2.1:5060"});
}

TEST_CASE("order: one number gives one order, however DNS turned its records") {
    Zone one, other;
    one.address("a.test", {"192.0.2.1", "2001:db8::1", "192.0.2.2"});
    other.address("a.test", {"192.0.2.2", "192.0.2.1", "2001:db8::1"});
    one.address("b.test", {"192.0.2.3"});
    other.address("b.test", {"192.0.2.3"});
    one.srv("_sip._udp.example.test", {1, 5, 5060, "a.test"})
        .srv("_sip._udp.example.test", {1, 5, 5060, "b.test"});
    other.srv("_sip._udp.example.test", {1, 5, 5060, "b.test"})
        .srv("_sip._udp.example.test", {1, 5, 5060, "a.test"});
    for (std::uint64_t random = 0; random < 100; ++random) {
        const std::string order = places(one, by(Transport::udp), random);
        CHECK(order == places(other, by(Transport::udp), random));
    }
}

TEST_CASE("order: the addresses of a host take turns, IPv4 before IPv6") {
    Zone zone;
    zone.address("example.test", {"2001:db8::1", "192.0.2.1", "192.0.2.2"});
    Sought sought = by(Transport::udp);
    std::set<std::string> first;
    for (std::uint64_t random = 0; random < 50; ++random) {
        const auto order = in_order(zone.locate(sought), random);
        REQUIRE(order.size() == 3);
        CHECK(order.back().remote.address.is_v6());
        first.insert(order.front().remote.address.to_string());
    }
    CHECK(first.size() == 2);
}
