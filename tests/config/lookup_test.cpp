#include "config/loading.hpp"
#include "config/lookup.hpp"

#include <array>

using namespace roundabout;
using namespace roundabout::config;
using namespace roundabout::config::testing;

namespace {

IpAddress address(const char* text) { return *IpAddress::parse(text); }

Config sample() {
    return good(R"(
domains = ["proxy.example.com"]
client_networks = ["10.0.0.0/8", "2001:db8::/32"]
default_server = "a"
[[listen]]
transport = "udp"
bind = "0.0.0.0:5070"
[[listen]]
transport = "tcp"
bind = "192.0.2.1:5060"
advertised = "edge.example.com:15060"
default_server = "b"
[[listen]]
transport = "udp"
bind = "[2001:db8::1]:5060"
[[server]]
name = "a"
addresses = ["192.0.2.10", "a-host.example.com"]
domains = ["a.example.com", "[2001:db8::a]"]
[[server]]
name = "b"
addresses = ["192.0.2.10"]
port = 5080
[[server]]
name = "c"
addresses = ["127.0.0.1"]
[[server]]
name = "d"
addresses = ["127.0.0.9"]
port = 6000
)");
}

} // namespace

TEST_CASE("look-up: a domain names its server in any case and whatever the port") {
    const Config config = sample();
    CHECK(server_by_domain(config, "A.Example.COM", std::nullopt) == 0);
    CHECK(server_by_domain(config, "a.example.com.", std::nullopt) == 0);
    CHECK(server_by_domain(config, "a.example.com", 9999) == 0);
    CHECK(server_by_domain(config, "example.com", std::nullopt) == no_server);
    CHECK(server_by_domain(config, "", std::nullopt) == no_server);
}

TEST_CASE("R45 look-up: three colons in an IPv6 reference are two (RFC 5118 §4.10)") {
    const Config config = sample();
    CHECK(server_by_domain(config, "[2001:db8::a]", std::nullopt) == 0);
    CHECK(server_by_domain(config, "[2001:db8:::a]", std::nullopt) == 0);
    CHECK(server_by_domain(config, "[2001:db8:::0.0.0.10]", std::nullopt) == 0);
    CHECK(server_by_domain(config, "[2001:db8::::a]", std::nullopt) == no_server);
    CHECK(server_by_domain(config, "[2001:::db8::a]", std::nullopt) == no_server);
}

TEST_CASE("look-up: an address names the server at that port") {
    const Config config = sample();
    CHECK(server_by_domain(config, "192.0.2.10", 5060) == 0);
    CHECK(server_by_domain(config, "192.0.2.10", 5080) == 1);
    CHECK(server_by_domain(config, "192.0.2.10", std::nullopt) == 0);
    CHECK(server_by_domain(config, "192.0.2.10", 5090) == no_server);
    CHECK(server_by_domain(config, "127.0.0.9", std::nullopt) == 3);
    CHECK(server_by_domain(config, "a-host.example.com", 5060) == 0);
    CHECK(server_by_domain(config, "a-host.example.com", 5061) == no_server);
}

TEST_CASE("R45 look-up: IPv6 is compared as an address, not as text") {
    const Config config = sample();
    CHECK(server_by_domain(config, "[2001:DB8:0:0::A]", std::nullopt) == 0);
    CHECK(server_by_domain(config, "2001:db8::a", std::nullopt) == 0);
    CHECK(is_ours(config, "[2001:DB8:0::1]", 5060, {}));
}

TEST_CASE("look-up: a server by its name") {
    CHECK(server_by_name(sample(), "b") == 1);
    CHECK(server_by_name(sample(), "B") == no_server);
}

TEST_CASE("R15 look-up: our domains are ours without a port and with a listener's") {
    const Config config = sample();
    CHECK(is_ours(config, "Proxy.example.com", std::nullopt, {}));
    CHECK(is_ours(config, "proxy.example.com", 5070, {}));
    CHECK(is_ours(config, "proxy.example.com", 15060, {}));
    CHECK_FALSE(is_ours(config, "proxy.example.com", 5061, {}));
    CHECK_FALSE(is_ours(config, "other.example.com", std::nullopt, {}));
}

TEST_CASE("R15 look-up: a listener is ours by its advertised host and by its bound address") {
    const Config config = sample();
    CHECK(is_ours(config, "EDGE.example.com", 15060, {}));
    CHECK_FALSE(is_ours(config, "edge.example.com", 5060, {}));
    CHECK(is_ours(config, "edge.example.com", std::nullopt, {}));
    CHECK(is_ours(config, "192.0.2.1", 5060, {}));
    CHECK(is_ours(config, "192.0.2.1", std::nullopt, {}));
    CHECK_FALSE(is_ours(config, "192.0.2.1", 5061, {}));
}

TEST_CASE("R15 look-up: a wildcard listener is ours by this machine's addresses and by loopback") {
    const Config config = sample();
    const std::array machine{address("198.51.100.7")};
    CHECK(is_ours(config, "198.51.100.7", 5070, machine));
    CHECK_FALSE(is_ours(config, "198.51.100.7", 5070, {}));
    CHECK_FALSE(is_ours(config, "198.51.100.7", 5060, machine));
    CHECK(is_ours(config, "127.0.0.53", 5070, {}));
    CHECK_FALSE(is_ours(config, "[::1]", 5070, {}));
}

TEST_CASE("look-up: without a port a server at the default port goes before us at another one") {
    const Config config = sample();
    CHECK_FALSE(is_ours(config, "127.0.0.1", std::nullopt, {}));
    CHECK(is_ours(config, "127.0.0.9", std::nullopt, {}));
    CHECK(is_ours(config, "127.0.0.2", std::nullopt, {}));
}

TEST_CASE("look-up: who may register") {
    Config config = sample();
    CHECK(client_allowed(config, address("10.2.3.4")));
    CHECK(client_allowed(config, address("2001:db8:1::1")));
    CHECK_FALSE(client_allowed(config, address("192.0.2.10")));
    config.client_networks.clear();
    CHECK_FALSE(client_allowed(config, address("10.2.3.4")));
    config.strict_client = false;
    CHECK(client_allowed(config, address("10.2.3.4")));
}

TEST_CASE("look-up: a listener's default server goes before the general one") {
    const Config config = sample();
    CHECK(default_server(config, config.listeners[0]) == 0);
    CHECK(default_server(config, config.listeners[1]) == 1);
}

TEST_CASE("R14 look-up: what is advertised is the listener's value, else the flow's address") {
    const Config config = sample();
    const Advertised edge = advertised_for(config.listeners[1], address("192.0.2.1"));
    CHECK(edge.host == "edge.example.com");
    CHECK(edge.port == 15060);
    const Advertised local = advertised_for(config.listeners[0], address("198.51.100.7"));
    CHECK(local.host == "198.51.100.7");
    CHECK(local.port == 5070);
    CHECK(advertised_for(config.listeners[2], address("2001:db8::1")).host == "[2001:db8::1]");
}

TEST_CASE("look-up: contact_host = ip shows an address, fqdn the advertised name") {
    Config config = sample();
    const Advertised ip = contact_for(config, config.listeners[1], address("192.0.2.1"));
    CHECK(ip.host == "192.0.2.1");
    CHECK(ip.port == 5060);
    config.contact_host = ContactHost::fqdn;
    const Advertised name = contact_for(config, config.listeners[1], address("192.0.2.1"));
    CHECK(name.host == "edge.example.com");
    CHECK(name.port == 15060);
    config.contact_host = ContactHost::ip;
    config.listeners[1].advertised = Advertised{"203.0.113.5", 5060};
    CHECK(contact_for(config, config.listeners[1], address("192.0.2.1")).host == "203.0.113.5");
}

TEST_CASE("look-up: the first route fixes the next hop's address and transport") {
    TrustedServer server;
    server.port = 5070;
    server.transport = Transport::tls;
    CHECK(next_hop(server).host.empty());
    CHECK(next_hop(server).port == 5070);
    CHECK(next_hop(server).transport == Transport::tls);
    const auto hop = [&server](const char* route) {
        server.routes = {route, "sip:second.example.com;lr"};
        return next_hop(server);
    };
    CHECK(hop("sip:edge.example.com;lr").host == "edge.example.com");
    CHECK(hop("sip:edge.example.com;lr").port == 5060);
    CHECK(hop("sip:edge.example.com;lr").transport == Transport::udp);
    CHECK(hop("sip:edge.example.com:5080;transport=TCP;lr").transport == Transport::tcp);
    CHECK(hop("sip:edge.example.com:5080;transport=TCP;lr").port == 5080);
    CHECK(hop("sips:edge.example.com;lr").transport == Transport::tls);
    CHECK(hop("sips:edge.example.com;lr").port == 5061);
    CHECK(hop("sips:edge.example.com;transport=tcp;lr").transport == Transport::tls);
    CHECK(hop("sip:edge.example.com;transport=ws;lr").transport == Transport::ws);
    CHECK(hop("sip:edge.example.com:443;transport=ws;lr").transport == Transport::wss);
    CHECK(hop("sips:edge.example.com;transport=ws;lr").transport == Transport::wss);
    CHECK(hop("sip:edge.example.com;transport=wss;lr").port == 443);
}

TEST_CASE("R42 look-up: the name in a server's certificate") {
    TrustedServer server;
    server.domains = {"example.com"};
    CHECK(expected_tls_name(server, "PBX.example.com") == "pbx.example.com");
    CHECK(expected_tls_name(server, "192.0.2.1") == "example.com");
    server.tls_name = "cert.example.com";
    CHECK(expected_tls_name(server, "pbx.example.com") == "cert.example.com");
}

TEST_CASE(
    "look-up: what is kept located are the hosts of servers and of their first routes, once") {
    Config config = sample();
    config.servers[0].routes = {"sip:Edge.example.com;lr", "sip:second.example.com;lr"};
    config.servers[1].routes = {"sip:[2001:db8::7];lr"};
    config.servers[2].hosts.emplace_back("192.0.2.10");
    std::vector<std::string> hosts;
    for (const Sought& sought : places_to_keep(config))
        hosts.push_back(sought.host);
    CHECK(hosts == std::vector<std::string>{"192.0.2.10", "a-host.example.com", "edge.example.com",
                                            "192.0.2.10", "2001:db8::7", "127.0.0.1", "127.0.0.9"});
}

TEST_CASE("look-up: what an entry leaves out of port and transport is sought in DNS") {
    const auto sought = [](const std::string& keys) {
        const Config config = good(R"(
[[listen]]
transport = "udp"
bind = "0.0.0.0"
[[listen]]
transport = "tls"
bind = "0.0.0.0"
[[listen]]
transport = "tcp"
bind = "0.0.0.0"
serves = ["clients"]
[tls]
certificate = "a.pem"
key = "a.key"
[[server]]
name = "a"
addresses = ["PBX.example.com", "192.0.2.1"]
)" + keys);
        return std::pair(sought_at(config.servers[0], "pbx.example.com", spoken_to_servers(config)),
                         sought_at(config.servers[0], "192.0.2.1", spoken_to_servers(config)));
    };
    const auto [neither, address_alone] = sought("");
    CHECK(neither.host == "pbx.example.com");
    CHECK_FALSE(neither.port);
    CHECK_FALSE(neither.transport);
    CHECK(neither.fallback == Transport::udp);
    CHECK(neither.spoken == TransportSet{Transport::udp, Transport::tls});
    CHECK(address_alone.port == 5060);
    CHECK(address_alone.transport == Transport::udp);
    const auto by_transport = sought("transport = \"tls\"\n").first;
    CHECK_FALSE(by_transport.port);
    CHECK(by_transport.transport == Transport::tls);
    const auto by_port = sought("port = 5070\n").first;
    CHECK(by_port.port == 5070);
    CHECK_FALSE(by_port.transport);
}

TEST_CASE("look-up: the first route's URI says what is sought") {
    TrustedServer server;
    const auto sought = [&server](const char* route) {
        server.routes = {route};
        return sought_at(next_hop(server), {});
    };
    CHECK_FALSE(sought("sip:Edge.example.com;lr").port);
    CHECK_FALSE(sought("sip:Edge.example.com;lr").transport);
    CHECK(sought("sip:Edge.example.com;lr").host == "edge.example.com");
    CHECK(sought("sip:edge.example.com:5070;lr").port == 5070);
    CHECK(sought("sip:edge.example.com;transport=tcp;lr").transport == Transport::tcp);
    CHECK(sought("sip:[2001:db8::7];lr").host == "2001:db8::7");
    CHECK(sought("sips:edge.example.com;lr").secure);
    CHECK(sought("sips:edge.example.com;lr").fallback == Transport::tls);
}
