#include "config/describe.hpp"
#include "config/flag_lines.hpp"
#include "config/flags.hpp"
#include "config/loading.hpp"

#include <algorithm>

using namespace roundabout;
using namespace roundabout::config;
using namespace roundabout::config::testing;

namespace {

/// The first example of the README, at documentation addresses.
Flags trunk_flags() {
    Flags flags;
    flags.local_ip = {"192.0.2.1"};
    flags.local_fqdn = {"proxya.example.com"};
    flags.strict_host = flags.strict_client = flags.ack_ruri = true;
    flags.trusted_server = {"192.0.2.10:server.example.com:5060:tcp:,"
                            "192.0.2.11:pbx.example.com/srv.tel.example.com:5060:wss:"};
    return flags;
}

Loaded loaded(const Flags& flags, const ListenerProbe& probe = {}) {
    Source source;
    source.flags = flags;
    source.folder = "/etc/keys";
    return load(source, probe);
}

Config config_of(const Flags& flags) {
    Loaded made = loaded(flags);
    for (const std::string& text : texts(made.problems()))
        MESSAGE(text);
    REQUIRE(made.config() != nullptr);
    return std::get<Config>(std::move(made.result));
}

std::vector<std::string> places(const Config& config) {
    std::vector<std::string> all;
    for (const Listener& listener : config.listeners)
        all.push_back(std::string(name(listener.transport)) + " " + listener.bind.to_string() +
                      (listener.outgoing_only ? " outgoing" : ""));
    return all;
}

} // namespace

TEST_CASE(
    "flags: alone they make a whole configuration, with the listeners that need no certificate") {
    const Config config = config_of(trunk_flags());
    CHECK(config.domains == std::vector<std::string>{"proxya.example.com"});
    CHECK(config.strict_host);
    CHECK(config.strict_client);
    CHECK(config.ack_target == AckTarget::ruri);
    CHECK(places(config) == std::vector<std::string>{"udp 192.0.2.1:5060", "tcp 192.0.2.1:5060",
                                                     "ws 192.0.2.1:80",
                                                     "wss 192.0.2.1:443 outgoing"});
    REQUIRE(config.servers.size() == 2);
    CHECK(config.servers[0].name == "server.example.com");
    CHECK(config.servers[1].domains ==
          std::vector<std::string>{"pbx.example.com", "srv.tel.example.com"});
    CHECK(config.servers[1].hosts == std::vector<std::string>{"192.0.2.11"});
    CHECK(config.servers[1].transport == Transport::wss);
    CHECK(config.servers[1].port == 5060);
}

TEST_CASE("flags: what is printed of them loads again and prints the same") {
    Flags flags = trunk_flags();
    flags.trusted_client_ip = {"198.51.100.7,2001:db8::7", "203.0.113.0/28"};
    flags.default_sip_server = "192.0.2.11";
    flags.contact_header_fqdn = true;
    flags.trusted_server.emplace_back("[2001:db8::9]::5070::edge.example.com/sip:192.0.2.3;lr");
    const std::string once = describe(config_of(flags));
    const Config again = good(once);
    CHECK(describe(again) == once);
    CHECK(again.servers[again.default_server].name == "pbx.example.com");
    CHECK(
        once.find(R"(client_networks = ["198.51.100.7/24", "2001:db8::7/64", "203.0.113.0/28"])") !=
        std::string::npos);
    CHECK(once.find(R"(advertised = "proxya.example.com:443")") != std::string::npos);
    CHECK(once.find(R"(name = "2001-db8--9")") != std::string::npos);
    CHECK(once.find(R"(routes = ["sip:edge.example.com;transport=tcp;lr", "sip:192.0.2.3;lr"])") !=
          std::string::npos);
}

TEST_CASE("flags: absent ones mean the original's defaults, said aloud, at all addresses") {
    Flags flags;
    flags.trusted_server = {"192.0.2.10::5060:udp:"};
    const Loaded made = loaded(flags);
    REQUIRE(made.config() != nullptr);
    const Config& config = *made.config();
    CHECK_FALSE(config.strict_host);
    CHECK_FALSE(config.strict_client);
    CHECK(config.ack_target == AckTarget::to);
    CHECK(config.default_transport == Transport::tcp);
    CHECK(places(config) == std::vector<std::string>{"udp 0.0.0.0:5060", "tcp 0.0.0.0:5060",
                                                     "ws 0.0.0.0:80", "udp [::]:5060",
                                                     "tcp [::]:5060", "ws [::]:80"});
    CHECK(texts(made.warnings) ==
          std::vector<std::string>{
              "command line: -strict-client: is off: clients from any address may register through "
              "this proxy; add -strict-client and -trusted-client-ip unless this is meant",
              "command line: -strict-host: is off: requests to any host whatever are relayed, by "
              "tcp, for everybody who may send here; add -strict-host unless this is meant"});
}

TEST_CASE("flags: -trusted-client-mask is for IPv4 addresses that name no network") {
    Flags flags = trunk_flags();
    flags.trusted_client_mask = "32";
    flags.trusted_client_ip = {"192.0.2.20,192.0.2.21,10.0.0.0/8"};
    const Config config = config_of(flags);
    REQUIRE(config.client_networks.size() == 3);
    CHECK(config.client_networks[1].to_string() == "192.0.2.21/32");
    CHECK(config.client_networks[2].to_string() == "10.0.0.0/8");
}

TEST_CASE("flags: each fault names its flag, and all are found at once") {
    Flags flags = trunk_flags();
    flags.local_ip = {"proxya.example.com"};
    flags.local_fqdn = {"sip:proxya.example.com"};
    flags.trusted_server = {"192.0.2.10::5060:tpc:"};
    flags.trusted_client_ip = {"192.0.2.300"};
    flags.trusted_client_mask = "33";
    flags.default_sip_server = "192.0.2.99";
    flags.default_network = "carrier-pigeon";
    flags.tls_key = "key.pem";
    CHECK(
        texts(loaded(flags).problems()) ==
        std::vector<std::string>{
            R"(command line: -default-network: "carrier-pigeon" is no network; write udp, tcp, tls, ws or wss)",
            R"(command line: -default-sip-server: "192.0.2.99" is none of the trusted servers; write the address of one of them)",
            R"(command line: -local-fqdn: "sip:proxya.example.com" is no host name; write a name without scheme and port, as "proxy.example.com")",
            R"(command line: -local-ip: "proxya.example.com" is no address; write addresses between commas, as 192.0.2.1,2001:db8::1)",
            R"(command line: -tls-cert: is missing; add it: key and certificate need each other)",
            R"(command line: -trusted-client-ip: "192.0.2.300" is neither an address nor a network; write addresses or networks between commas, as 192.0.2.7,198.51.100.0/24)",
            R"(command line: -trusted-client-mask: "33" is no mask; write the number of bits that count, from 0 to 32)",
            R"(command line: -trusted-server: dataset "192.0.2.10::5060:tpc:": NETWORK: "tpc" is no network; write udp, tcp, tls, ws or wss, or nothing for -default-network)"});
}

TEST_CASE("flags: places that can't be had are left out and named, with what was taken") {
    const Loaded made = loaded(trunk_flags(), [](Transport transport, const Endpoint& place) {
        return transport == Transport::ws && place.port == 80 ? "address in use" : "";
    });
    REQUIRE(made.config() != nullptr);
    CHECK(flag_lines(*made.config(), trunk_flags(), made.default_listeners) ==
          std::vector<std::string>{
              "listening: udp 192.0.2.1:5060", "listening: tcp 192.0.2.1:5060",
              "not listening: tls 192.0.2.1:5061: no certificate is given (-tls-cert, -tls-key)",
              "not listening: ws 192.0.2.1:80: address in use",
              "not listening: wss 192.0.2.1:443: no certificate is given (-tls-cert, -tls-key)",
              "outgoing connections only: wss 192.0.2.1:443: servers call back by the connections "
              "that are opened to them",
              "trusted server: address 192.0.2.10, domains server.example.com, port 5060, tcp, no "
              "routes",
              "trusted server: address 192.0.2.11, domains pbx.example.com, srv.tel.example.com, "
              "port 5060, wss, no routes"});
}

TEST_CASE("flags: where nothing can be listened at, nothing starts") {
    const Loaded made =
        loaded(trunk_flags(), [](Transport, const Endpoint&) { return "address in use"; });
    REQUIRE(made.config() == nullptr);
    CHECK(
        texts(made.problems())
            .front()
            .starts_with("command line: -local-ip: there is no listener; see what was in the way"));
}

TEST_CASE(
    "flags: a server's name stays its own where two share an address or a domain's beginning") {
    Flags flags = trunk_flags();
    flags.trusted_server = {"192.0.2.10::5060:udp:,192.0.2.10::5070:udp:"};
    const Config config = config_of(flags);
    CHECK(config.servers[0].name == "192.0.2.10");
    CHECK(config.servers[1].name == "192.0.2.10-2");
}

TEST_CASE("flags: the default server is found by address, by name and by port") {
    Flags flags = trunk_flags();
    flags.trusted_server = {"192.0.2.10:a.example:5060:udp:,192.0.2.10:b.example:5070:udp:"};
    for (const auto& [word, server] : {std::pair{"192.0.2.10", "a.example"},
                                       {"192.0.2.10:5070", "b.example"},
                                       {"B.example", "b.example"}}) {
        flags.default_sip_server = word;
        const Config config = config_of(flags);
        CHECK(config.servers[config.default_server].name == server);
    }
}

TEST_CASE("flags: beside a file they win over it, and what they do not say is the file's") {
    Table file;
    const auto texts_node = [](std::string text) { return Node{{}, List{{{}, std::move(text)}}}; };
    file.push_back({"domains", {1, 1}, texts_node("file.example")});
    file.push_back({"strict_host", {2, 1}, {{2, 15}, false}});
    file.push_back({"client_networks", {3, 1}, texts_node("10.0.0.0/8")});
    file.push_back({"contact_host", {4, 1}, {{4, 16}, std::string("fqdn")}});
    Flags flags;
    flags.local_fqdn = {"flag.example"};
    flags.ack_ruri = true;
    FlagScene scene;
    scene.alone = false;
    scene.state_folder = "/state";
    Report report("r.toml");
    CHECK(lay_over(file, flags, scene, report).empty());
    const auto value = [&file](std::string_view key) {
        const auto found = std::ranges::find(file, key, &Entry::key);
        REQUIRE(found != file.end());
        return found->value.value;
    };
    CHECK(std::get<std::string>(std::get<List>(value("domains")).front().value) == "flag.example");
    CHECK_FALSE(std::get<bool>(value("strict_host")));
    CHECK(std::get<std::string>(std::get<List>(value("client_networks")).front().value) ==
          "10.0.0.0/8");
    CHECK(std::get<std::string>(value("ack_target")) == "ruri");
    CHECK(std::get<std::string>(value("contact_host")) == "fqdn");
    CHECK(file.size() == 5);
    CHECK(report.take().errors.empty());
}

TEST_CASE("flags: names of key files start at the working directory, registrations where the "
          "service manager says") {
    Table document;
    Flags flags;
    flags.tls_key = "key.pem";
    flags.tls_cert = "/etc/chain.pem";
    FlagScene scene;
    scene.folder = "/etc/keys";
    scene.state_folder = "/state";
    scene.run_folder = "/run/here";
    Report report("command line");
    const auto listeners = lay_over(document, flags, scene, report);
    CHECK(std::ranges::all_of(listeners, [](const auto& each) { return each.obstacle.empty(); }));
    CHECK(listeners.size() == 10);
    const auto text = [&document](std::string_view section, std::string_view key) {
        const auto table = std::ranges::find(document, section, &Entry::key);
        REQUIRE(table != document.end());
        const auto& entries = std::get<Table>(table->value.value);
        const auto found = std::ranges::find(entries, key, &Entry::key);
        REQUIRE(found != entries.end());
        return std::get<std::string>(found->value.value);
    };
    CHECK(text("tls", "key") == "/etc/keys/key.pem");
    CHECK(text("tls", "certificate") == "/etc/chain.pem");
    CHECK(text("store", "path") == "/state/clients.db");
    CHECK(text("control", "socket") == "/run/here/control.sock");
}
