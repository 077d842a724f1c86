#include "config/loading.hpp"

using namespace roundabout;
using namespace roundabout::config;
using namespace roundabout::config::testing;

namespace {

constexpr std::string_view small = R"(
[[listen]]
transport = "udp"
bind = "192.0.2.1:5060"
[[server]]
name = "pbx"
addresses = ["192.0.2.10"]
)";

// Errors of `line` at the top of a configuration that is sound without it.
std::vector<std::string> top_errors(std::string_view line) {
    return errors_of(std::string(line) + std::string(small));
}

std::vector<std::string> one(std::string text) { return {std::move(text)}; }

} // namespace

TEST_CASE("configuration: what is not written has its documented default") {
    const Config config = good(small);
    CHECK(config.strict_host);
    CHECK(config.strict_client);
    CHECK(config.unknown_source == UnknownSource::drop);
    CHECK(config.default_transport == Transport::tcp);
    CHECK(config.ack_target == AckTarget::ruri);
    CHECK(config.contact_host == ContactHost::ip);
    CHECK(config.default_server == no_server);
    CHECK(config.workers == 0);
    CHECK(config.park == std::chrono::seconds(5));
    CHECK(config.drain == std::chrono::seconds(5));
    CHECK(config.store.wait == std::chrono::milliseconds(2000));
    CHECK(config.store.path == "/var/lib/roundabout/clients.db");
    CHECK(config.log.level == "info");
    const Listener& listener = config.listeners.at(0);
    CHECK(listener.serves_clients);
    CHECK(listener.serves_servers);
    CHECK_FALSE(listener.advertised.has_value());
    const TrustedServer& server = config.servers.at(0);
    CHECK(server.port == 5060);
    CHECK(server.transport == Transport::udp);
    CHECK(server.rewrite_contact);
    CHECK_FALSE(server.token_only);
    CHECK(server.large_requests == LargeRequests::udp);
}

TEST_CASE("configuration: every key reaches its place") {
    const Config config = good(with_listeners(R"(
domains = ["Proxy.Example.COM"]
default_server = "b"
strict_host = false
strict_client = false
client_networks = ["10.0.0.0/8", "2001:db8::/32"]
unknown_source = "reject"
default_transport = "tls"
ack_target = "to"
contact_host = "ip"
workers = 3
park = 2.5
drain = 9
name_servers = ["127.0.0.1", "[::1]:5353", "::1"]
)",
                                              R"(ca = "/ca.pem"
client_certificate = "/cc.pem"
client_key = "/ck.pem"
[[listen]]
transport = "wss"
bind = "[::]"
advertised = "sip.example.com"
serves = ["servers"]
default_server = "a"
certificate = "own.pem"
key = "sub/own.key"
path = "/ws"
origins = ["https://phone.example.com:8443"]
[[server]]
name = "a"
addresses = ["[2001:DB8::1]", "192.0.2.10", "PBX.Example.com"]
domains = ["Example.com", "[2001:DB8::1]"]
port = 5070
transport = "udp"
routes = ["sip:192.0.2.77:5070;transport=tcp;lr"]
large_requests = "tcp-first"
rewrite_contact = false
contact_match = "token"
may_call_clients = ["b"]
[[server]]
name = "b"
domains = ["b.example.com"]
transport = "wss"
path = "/sip"
ca = "/b.pem"
certificate = "/bc.pem"
key = "/bk.pem"
tls_name = "cert.example.com"
[store]
path = "/tmp/x.db"
durability = "normal"
wait = 0.25
[control]
socket = "/run/x.sock"
group = "voice"
[log]
level = "trace"
json = true
)"));
    CHECK(config.domains == std::vector<std::string>{"proxy.example.com"});
    CHECK(config.default_server == 1);
    CHECK_FALSE(config.strict_host);
    CHECK_FALSE(config.strict_client);
    CHECK(config.client_networks.size() == 2);
    CHECK(config.unknown_source == UnknownSource::reject);
    CHECK(config.default_transport == Transport::tls);
    CHECK(config.ack_target == AckTarget::to);
    CHECK(config.workers == 3);
    CHECK(config.park == std::chrono::milliseconds(2500));
    CHECK(config.drain == std::chrono::seconds(9));
    CHECK(config.name_servers ==
          std::vector<std::string>{"127.0.0.1:53", "[::1]:5353", "[::1]:53"});
    CHECK(config.tls.certificate.value_or(Certificate{}).key_file == "/k.pem");
    CHECK(config.tls.ca_file == "/ca.pem");
    CHECK(config.tls.client_certificate.value_or(Certificate{}).chain_file == "/cc.pem");

    const Listener& listener = config.listeners.at(5);
    CHECK(listener.bind == *Endpoint::parse("[::]:443"));
    CHECK(listener.advertised.value_or(Advertised{}).host == "sip.example.com");
    CHECK(listener.advertised.value_or(Advertised{}).port == 443);
    CHECK_FALSE(listener.serves_clients);
    CHECK(listener.default_server == 0);
    CHECK(listener.certificate.value_or(Certificate{}).key_file == "sub/own.key");
    CHECK(listener.path == "/ws");
    CHECK(listener.origins == std::vector<std::string>{"https://phone.example.com:8443"});

    const TrustedServer& a = config.servers.at(0);
    CHECK(a.hosts == std::vector<std::string>{"2001:db8::1", "192.0.2.10", "pbx.example.com"});
    CHECK(a.domains == std::vector<std::string>{"example.com", "[2001:db8::1]"});
    CHECK(a.port == 5070);
    CHECK(a.routes.size() == 1);
    CHECK(a.large_requests == LargeRequests::tcp_first);
    CHECK_FALSE(a.rewrite_contact);
    CHECK(a.token_only);
    CHECK(a.may_call_clients == std::vector<ServerIndex>{1});

    const TrustedServer& b = config.servers.at(1);
    CHECK(b.port == 443);
    CHECK(b.path == "/sip");
    CHECK(b.ca_file == "/b.pem");
    CHECK(b.client_certificate.value_or(Certificate{}).key_file == "/bk.pem");
    CHECK(b.tls_name == "cert.example.com");

    CHECK(config.store.path == "/tmp/x.db");
    CHECK(config.store.durability == Durability::normal);
    CHECK(config.store.wait == std::chrono::milliseconds(250));
    CHECK(config.control.socket == "/run/x.sock");
    CHECK(config.control.group == "voice");
    CHECK(config.log.level == "trace");
    CHECK(config.log.json);
}

TEST_CASE("configuration: addresses and domains of a server stand in for each other") {
    const Config config = good(R"(
[[listen]]
transport = "udp"
bind = "192.0.2.1:5060"
[[listen]]
transport = "udp"
bind = "[2001:db8::9]:5060"
[[server]]
name = "a"
addresses = ["2001:db8::1", "pbx.example.com"]
[[server]]
name = "b"
domains = ["[2001:db8::2]", "b.example.com"]
)");
    CHECK(config.servers[0].domains ==
          std::vector<std::string>{"[2001:db8::1]", "pbx.example.com"});
    CHECK(config.servers[1].hosts == std::vector<std::string>{"2001:db8::2", "b.example.com"});
}

TEST_CASE("configuration: relative file names start at the folder of the file") {
    const Loaded loaded = load_text(std::string(small) + R"(
[store]
path = "state/clients.db"
[control]
socket = "../run/x.sock"
)",
                                    "/etc/roundabout/roundabout.toml");
    REQUIRE(loaded.config() != nullptr);
    CHECK(loaded.config()->store.path == "/etc/roundabout/state/clients.db");
    CHECK(loaded.config()->control.socket == "/etc/run/x.sock");
}

TEST_CASE("configuration: what is no TOML is reported where it stands") {
    const auto problems = load_text("domains = [\"a\"\nstrict_host = true\n", "r.toml").problems();
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].file == "r.toml");
    CHECK(problems[0].line == 2);
    CHECK(problems[0].message.starts_with("this is not TOML: "));
}

TEST_CASE("configuration: a syntax problem is one line, whatever was in the way") {
    const auto errors = errors_of("strict_client = t\n");
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].find('\n') == std::string::npos);
}

TEST_CASE("configuration: all problems are reported, in the order of the file") {
    CHECK(errors_of(R"(
strict_host = "yes"
drain = -1
[[listen]]
transport = "upd"
bind = "localhost:5060"
[[server]]
name = "pbx"
adresses = ["192.0.2.10"]
)") == std::vector<std::string>{
           ("r.toml:2:15: strict_host: found a string, expected true or false; write "
            "strict_host = true or strict_host = false, without quotes"),
           "r.toml:3:9: drain: -1 is out of range; write a number from 0 to 3600",
           ("r.toml:5:13: listen.transport: \"upd\" is none of \"udp\", \"tcp\", \"tls\", "
            "\"ws\", \"wss\"; write transport = \"udp\""),
           ("r.toml:6:8: listen.bind: \"localhost:5060\" is no address to listen on; write an "
            "address and a port, as \"0.0.0.0:5060\" or \"[::]:5060\"; a name that others reach "
            "it by goes into advertised"),
           ("r.toml:7:1: server.addresses: is missing; write addresses = [\"192.0.2.10\"], or a "
            "host name"),
           "r.toml:9:1: server.adresses: unknown key; write addresses"});
}

TEST_CASE("configuration: an unknown key is an error with the nearest known key") {
    CHECK(top_errors("defualt_server = \"pbx\"\n") ==
          one("r.toml:1:1: defualt_server: unknown key; write default_server"));
    CHECK(errors_of(std::string(small) + "[log]\nlevels = \"info\"\n") ==
          one("r.toml:9:1: log.levels: unknown key; write level"));
    CHECK(errors_of(std::string(small) + "[log]\nverbosity = 3\n") ==
          one("r.toml:9:1: log.verbosity: unknown key; the keys here are: level, json"));
}

TEST_CASE("configuration: a key of the top below a section is told where it belongs") {
    CHECK(errors_of(std::string(small) + "strict_host = false\n") ==
          one("r.toml:8:1: server.strict_host: unknown key; move it to the top of the file, above "
              "the first [section]"));
}

TEST_CASE("configuration: an unknown key of strange characters can't garble the message") {
    CHECK(top_errors("\"a\\n[b].c\" = 1\n") ==
          one("r.toml:1:1: a??b??c: unknown key; the keys here are: domains, server, "
              "default_server, strict_host, strict_client, unknown_source, ack_target, "
              "contact_host, default_transport, client_networks, trusted_proxies, workers, park, "
              "drain, name_servers, retry_failed_after, try_next_after, listen, limits, tls, "
              "store, control, metrics, log"));
}

TEST_CASE("configuration: a value of the wrong kind says what was found and what is expected") {
    CHECK(top_errors("default_server = 1\n") ==
          one("r.toml:1:18: default_server: found a whole number, expected a string; write "
              "default_server = \"...\", in quotes"));
    CHECK(top_errors("domains = \"proxy.example.com\"\n") ==
          one("r.toml:1:11: domains: found a string, expected a list of strings; write domains = "
              "[\"proxy.example.com\"]"));
    CHECK(top_errors("domains = [\"a.example\", 1]\n") ==
          one("r.toml:1:25: domains: found a whole number, expected a string; write domains = "
              "[\"...\"], each in quotes"));
    CHECK(top_errors("workers = \"4\"\n") ==
          one("r.toml:1:11: workers: found a string, expected a whole number; write workers = a "
              "number from 0 to 1024, without quotes"));
    CHECK(top_errors("drain = 1.5\n") ==
          one("r.toml:1:9: drain: found a number with a fraction, expected a whole number; write "
              "drain = a number from 0 to 3600, without quotes"));
    CHECK(top_errors("strict_client = 1979-05-27\n") ==
          one("r.toml:1:17: strict_client: found a date or time, expected true or false; write "
              "strict_client = true or strict_client = false, without quotes"));
    CHECK(top_errors("tls = true\n") ==
          one("r.toml:1:7: tls: found true or false, expected a section; write [tls]"));
    CHECK(errors_of("[[server]]\nname = \"a\"\naddresses = [\"192.0.2.1\"]\n[listen]\n") ==
          one("r.toml:4:1: listen: found a section, expected a list of sections; write [[listen]] "
              "above each of them"));
    CHECK(errors_of("listen = [1]\n") ==
          one("r.toml:1:11: listen: found a whole number, expected a section; write [[listen]] "
              "above each of them"));
    CHECK(errors_of(std::string(small) + "[store]\nwait = \"2s\"\n") ==
          one("r.toml:9:8: store.wait: found a string, expected a number; write wait = a number "
              "from 0.1 to 30, without quotes"));
}

TEST_CASE("configuration: a number out of range is told the range") {
    CHECK(top_errors("workers = 5000\n") ==
          one("r.toml:1:11: workers: 5000 is out of range; write a number from 0 to 1024"));
    CHECK(errors_of(std::string(small) + "port = 70000\n") ==
          one("r.toml:8:8: server.port: 70000 is out of range; write a number from 1 to 65535"));
    CHECK(errors_of(std::string(small) + "port = 0\n") ==
          one("r.toml:8:8: server.port: 0 is out of range; write a number from 1 to 65535"));
    CHECK(errors_of(std::string(small) + "[store]\nwait = nan\n").size() == 1);
    CHECK(errors_of(std::string(small) + "[store]\nwait = 31.5\n") ==
          one("r.toml:9:8: store.wait: 31.5 is out of range; write a number from 0.1 to 30"));
}

TEST_CASE("configuration: a word that is none of the possible ones is told the nearest, or all") {
    CHECK(top_errors("unknown_source = \"rejekt\"\n") ==
          one("r.toml:1:18: unknown_source: \"rejekt\" is none of \"drop\", \"reject\"; write "
              "unknown_source = \"reject\""));
    CHECK(top_errors("contact_host = \"name\"\n") ==
          one("r.toml:1:16: contact_host: \"name\" is none of \"ip\", \"fqdn\"; write contact_host "
              "= \"ip\" or \"fqdn\""));
    CHECK(top_errors("ack_target = \"TO\"\n").size() == 1);
    CHECK(top_errors("default_transport = \"sctp\"\n").size() == 1);
}

TEST_CASE("configuration: networks, domains and name servers are checked one by one") {
    CHECK(top_errors("client_networks = [\"10.0.0.0/8\", \"10.0.0.0/33\"]\n") ==
          one("r.toml:1:34: client_networks: \"10.0.0.0/33\" is no network; write an address and a "
              "prefix length, as \"10.0.0.0/8\" or \"2001:db8::/32\""));
    CHECK(top_errors("domains = [\"sip:proxy.example.com\"]\n") ==
          one("r.toml:1:12: domains: \"sip:proxy.example.com\" is no host name; write a name "
              "without scheme and port, as \"proxy.example.com\""));
    CHECK(top_errors("name_servers = [\"dns.example.com\"]\n") ==
          one("r.toml:1:17: name_servers: \"dns.example.com\" is no address of a name server; "
              "write \"127.0.0.1\", \"127.0.0.1:53\" or \"[::1]:53\""));
}

TEST_CASE("configuration: a file that can't be read is a problem, not an exception") {
    const auto problems = load_file("/nonexistent/r.toml").problems();
    REQUIRE(problems.size() == 1);
    CHECK(to_string(problems[0]) ==
          "/nonexistent/r.toml: can't read this file: No such file or directory; name a "
          "configuration file that this user may read");
    REQUIRE(load_file("/").problems().size() == 1);
    CHECK(load_file("/").problems()[0].message == "can't read this file: it is not a file");
}

TEST_CASE("configuration: metrics are off until an address or the key asks for them") {
    const std::string rest(small);
    CHECK_FALSE(good(rest).metrics.enabled);
    CHECK_FALSE(good(rest + "[metrics]\n").metrics.enabled);
    const Metrics local = good(rest + "[metrics]\nenabled = true\n").metrics;
    CHECK(local.enabled);
    CHECK(local.bind.to_string() == "127.0.0.1:9506");
    const Metrics bound = good(rest + "[metrics]\nbind = \"[::1]:9507\"\n").metrics;
    CHECK(bound.enabled);
    CHECK(bound.bind.to_string() == "[::1]:9507");
    CHECK_FALSE(good(rest + "[metrics]\nenabled = false\nbind = \"[::1]:9507\"\n").metrics.enabled);
    for (const std::string bind : {"localhost:9506", "127.0.0.1", "127.0.0.1:0"})
        CHECK(errors_of(rest + "[metrics]\nbind = \"" + bind + "\"\n") ==
              one("r.toml:9:8: metrics.bind: \"" + bind +
                  "\" is no address with a port; write \"127.0.0.1:9506\" or \"[::1]:9506\""));
}
