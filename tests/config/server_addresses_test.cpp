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
    out.hosts["pbx.example.com"] = {address("192.0.2.11"), address("192.0.2.10"),
                                    address("2001:db8::11")};
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

TEST_CASE("server addresses: those of one server come in the order in which to try them") {
    const ServerAddresses addresses(two_servers(), book());
    const auto first = addresses.of(0);
    CHECK(std::vector<IpAddress>(first.begin(), first.end()) ==
          std::vector<IpAddress>{address("192.0.2.10"), address("192.0.2.11"),
                                 address("2001:db8::11")});
    CHECK(addresses.of(1).size() == 2);
    CHECK(addresses.of(7).empty());
}

TEST_CASE("server addresses: numeric hosts need no address book") {
    const ServerAddresses addresses(two_servers(), AddressBook{});
    CHECK(addresses.of(0).size() == 1);
    CHECK(addresses.at(address("2001:db8::1"))[0].server == 1);
}
