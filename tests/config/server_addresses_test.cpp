#include "config/lookup.hpp"
#include "config/server_addresses.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::config;

namespace {

IpAddress address(const char* text) { return *IpAddress::parse(text); }

Config two_servers() {
    Config config;
    TrustedServer& a = config.servers.emplace_back();
    a.hosts = {"192.0.2.10", "pbx.example.com"};
    TrustedServer& b = config.servers.emplace_back();
    b.hosts = {"192.0.2.10", "2001:db8::1", "unknown.example.com"};
    return config;
}

AddressBook book() {
    AddressBook out;
    const Sought sought = sought_at(two_servers().servers[0], "pbx.example.com", {});
    out.locations[sought] = {
        {Transport::udp, 0, 0, 5060, {address("192.0.2.11"), address("2001:db8::11")}},
        {Transport::tcp, 1, 0, 5070, {address("192.0.2.10"), address("192.0.2.12")}}};
    return out;
}

} // namespace

TEST_CASE("server addresses: a server is recognised by each of its addresses") {
    const ServerAddresses addresses(two_servers(), book());
    REQUIRE(addresses.at(address("2001:db8::11")).size() == 1);
    CHECK(addresses.at(address("2001:db8::11"))[0].server == 0);
    CHECK(addresses.at(address("192.0.2.11"))[0].server == 0);
    CHECK(addresses.at(address("192.0.2.99")).empty());
}

TEST_CASE("server addresses: servers that share an address come in the order of the file") {
    const ServerAddresses addresses(two_servers(), book());
    const auto shared = addresses.at(address("192.0.2.10"));
    REQUIRE(shared.size() == 2);
    CHECK(shared[0].server == 0);
    CHECK(shared[1].server == 1);
}

TEST_CASE("server addresses: those of every SRV record count, whatever port and transport") {
    const ServerAddresses addresses(two_servers(), book());
    const auto all = addresses.of(0);
    CHECK(std::vector<IpAddress>(all.begin(), all.end()) ==
          std::vector<IpAddress>{address("192.0.2.10"), address("192.0.2.11"),
                                 address("2001:db8::11"), address("192.0.2.12")});
    CHECK(addresses.at(address("192.0.2.12"))[0].server == 0);
    CHECK(addresses.of(1).size() == 2);
    CHECK(addresses.of(7).empty());
}

TEST_CASE("server addresses: requests go to its hosts in their order, or to its first route") {
    Config config = two_servers();
    config.servers[0].port = 5070;
    const ServerAddresses addresses(config, book());
    const auto hops = addresses.hops(0);
    REQUIRE(hops.size() == 2);
    CHECK(hops[0].name == "192.0.2.10");
    CHECK(hops[0].location == Location{{Transport::udp, 0, 0, 5070, {address("192.0.2.10")}}});
    CHECK(hops[1].name == "pbx.example.com");
    CHECK(hops[1].location.size() == 2);
    CHECK(addresses.hops(1)[2].location.empty());
    CHECK(addresses.hops(7).empty());

    config.servers[0].routes = {"sip:[2001:db8::7]:5080;transport=tcp;lr"};
    const ServerAddresses routed(config, book());
    REQUIRE(routed.hops(0).size() == 1);
    CHECK(routed.hops(0)[0].location ==
          Location{{Transport::tcp, 0, 0, 5080, {address("2001:db8::7")}}});
    CHECK(routed.of(0).size() == 4);
    CHECK(routed.at(address("2001:db8::7")).empty());
}

TEST_CASE("server addresses: numeric hosts need no address book") {
    const ServerAddresses addresses(two_servers(), AddressBook{});
    CHECK(addresses.of(0).size() == 1);
    CHECK(addresses.at(address("2001:db8::1"))[0].server == 1);
}
