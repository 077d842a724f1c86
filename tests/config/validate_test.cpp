#include "config/loading.hpp"

using namespace roundabout;
using namespace roundabout::config;
using namespace roundabout::config::testing;

namespace {

std::vector<std::string> one(std::string text) { return {std::move(text)}; }

// Errors of a configuration with all five listeners (31 lines) and `servers` below them.
std::vector<std::string> server_errors(std::string_view servers) {
    return errors_of(with_listeners("", servers));
}

std::vector<std::string> listener_errors(std::string_view listeners) {
    return errors_of(std::string(listeners) + R"(
[[server]]
name = "pbx"
addresses = ["192.0.2.10"]
)");
}

constexpr std::string_view udp_listener = "[[listen]]\ntransport = \"udp\"\n"
                                          "bind = \"192.0.2.1:5060\"\n";

} // namespace

TEST_CASE("validation: at least one listener") {
    CHECK(errors_of("[[server]]\nname = \"a\"\naddresses = [\"192.0.2.1\"]\n") ==
          one("r.toml: listen: there is no listener; add [[listen]] with transport = \"udp\" and "
              "bind = \"0.0.0.0:5060\""));
}

TEST_CASE("validation: a listener's transport and bind are mandatory") {
    CHECK(errors_of("[[listen]]\n") ==
          std::vector<std::string>{
              "r.toml:1:1: listen.bind: is missing; write bind = \"0.0.0.0:5060\", or the address "
              "of one interface",
              "r.toml:1:1: listen.transport: is missing; write transport = \"udp\", \"tcp\", "
              "\"tls\", \"ws\" or \"wss\""});
}

TEST_CASE("R45 validation: IPv6 to listen on needs brackets") {
    CHECK(listener_errors("[[listen]]\ntransport = \"udp\"\nbind = \"2001:db8::1\"\n") ==
          one("r.toml:3:8: listen.bind: \"2001:db8::1\" is no address to listen on; write IPv6 in "
              "brackets, as \"[2001:db8::1]:5060\""));
    CHECK(listener_errors("[[listen]]\ntransport = \"udp\"\nbind = \"[2001:db8::1]:0\"\n").size() ==
          1);
}

TEST_CASE("validation: an advertised value is a host, or a host and a port") {
    const auto with = [](std::string_view value) {
        return listener_errors(std::string(udp_listener) + "advertised = \"" + std::string(value) +
                               "\"\n");
    };
    CHECK(with("sip:a.example:5060") ==
          one("r.toml:4:14: listen.advertised: \"sip:a.example:5060\" is neither a host nor a host "
              "with a port; write \"sip.example.com\", \"192.0.2.1:5060\" or "
              "\"[2001:db8::1]:5060\""));
    CHECK(with("0.0.0.0:5060") ==
          one("r.toml:4:14: listen.advertised: nobody can reach \"0.0.0.0:5060\"; write the host "
              "that the other side must use to reach this listener"));
    CHECK(with("a.example:70000").size() == 1);
    CHECK(with("a b.example").size() == 1);
    CHECK(with("192.0.2.300").size() == 1);
    CHECK(with("").size() == 1);
    CHECK(with("[2001:db8::1]").empty());
    CHECK(with("a.example:5062").empty());
}

TEST_CASE("validation: serves names clients, servers or both") {
    const auto with = [](std::string_view value) {
        return listener_errors(std::string(udp_listener) + "serves = " + std::string(value) + "\n");
    };
    CHECK(
        with("[\"client\"]") ==
        one("r.toml:4:11: listen.serves: \"client\" is neither \"clients\" nor \"servers\"; write "
            "[\"clients\"], [\"servers\"] or [\"clients\", \"servers\"]"));
    CHECK(with("[]") ==
          one("r.toml:4:10: listen.serves: the list is empty, so the listener would serve nobody; "
              "write [\"clients\"], [\"servers\"] or [\"clients\", \"servers\"]"));
}

TEST_CASE("validation: two listeners can't share a port, but UDP and TCP can") {
    CHECK(listener_errors(std::string(udp_listener) + std::string(udp_listener)) ==
          one("r.toml:6:8: listen.bind: there is a udp listener on 192.0.2.1:5060 already; remove "
              "one of the two"));
    CHECK(listener_errors(std::string(udp_listener) +
                          "[[listen]]\ntransport = \"ws\"\nbind = \"192.0.2.1:5060\"\n"
                          "[[listen]]\ntransport = \"tcp\"\nbind = \"192.0.2.1:5060\"\n") ==
          one("r.toml:9:8: listen.bind: ws listens on the TCP port of 192.0.2.1:5060 already; give "
              "this listener another port, as that of tcp: 5060"));
}

TEST_CASE("validation: a TLS or WSS listener needs a certificate, and a certificate a key") {
    CHECK(listener_errors(std::string(udp_listener) +
                          "[[listen]]\ntransport = \"tls\"\nbind = \"192.0.2.1\"\n") ==
          one("r.toml:4:1: listen.certificate: a tls listener has no certificate to show; write "
              "certificate and key here, or once for all in [tls]"));
    CHECK(listener_errors(std::string(udp_listener) +
                          "[[listen]]\ntransport = \"wss\"\nbind = \"192.0.2.1\"\n"
                          "certificate = \"a.pem\"\n") ==
          one("r.toml:4:1: listen.key: is missing; write key = \"file.pem\" beside certificate"));
    CHECK(listener_errors(std::string(udp_listener) + "[tls]\nkey = \"a.pem\"\n") ==
          one("r.toml:4:1: tls.certificate: is missing; write certificate = \"file.pem\" beside "
              "key"));
}

TEST_CASE("validation: keys that mean nothing for a transport are refused") {
    CHECK(
        listener_errors(std::string(udp_listener) + "path = \"/ws\"\n") ==
        one("r.toml:4:8: listen.path: means nothing for udp; leave it out; it is for ws and wss"));
    CHECK(
        listener_errors(std::string(udp_listener) + "certificate = \"c.pem\"\nkey = \"k.pem\"\n") ==
        std::vector<std::string>{"r.toml:4:15: listen.certificate: means nothing for udp; leave "
                                 "it out; it is for tls and wss",
                                 "r.toml:5:7: listen.key: means nothing for udp; leave it out; it "
                                 "is for tls and wss"});
    CHECK(server_errors("[[server]]\nname = \"a\"\naddresses = [\"192.0.2.9\"]\n"
                        "transport = \"tcp\"\nlarge_requests = \"udp\"\npath = \"/\"\n"
                        "tls_name = \"a.example\"\n")
              .size() == 3);
}

TEST_CASE("R44 validation: a path starts with a slash, an origin is scheme and host") {
    const auto with = [](std::string_view line) {
        return listener_errors(std::string(udp_listener) +
                               "[[listen]]\ntransport = \"ws\"\nbind = \"192.0.2.1:80\"\n" +
                               std::string(line) + "\n");
    };
    CHECK(with("path = \"ws\"") ==
          one("r.toml:7:8: listen.path: \"ws\" does not start with a slash; write path = \"/ws\""));
    CHECK(with("origins = [\"phone.example.com\"]") ==
          one("r.toml:7:12: listen.origins: \"phone.example.com\" is no origin; write scheme and "
              "host without a path, as \"https://example.com\""));
    CHECK(with("origins = [\"https://a.example/app\"]").size() == 1);
    CHECK(with("origins = [\"https://a.example:8443\"]").empty());
    CHECK(server_errors("[[server]]\nname = \"a\"\naddresses = [\"192.0.2.9\"]\n"
                        "transport = \"ws\"\npath = \"x\"\n") ==
          one("r.toml:24:8: server.path: \"x\" does not start with a slash; write path = \"/x\""));
}

TEST_CASE("validation: contact_host = fqdn needs an advertised value in every listener") {
    const std::string fqdn = "contact_host = \"fqdn\"\n";
    CHECK(listener_errors(fqdn + std::string(udp_listener)) ==
          one("r.toml:2:1: listen.advertised: is missing although contact_host is \"fqdn\": there "
              "is no name that a Contact could carry; write advertised = \"sip.example.com\", or "
              "contact_host = \"ip\""));
    CHECK(
        listener_errors(fqdn + std::string(udp_listener) + "advertised = \"a.example\"\n").empty());
}

TEST_CASE("validation: a server has a name of its own, and a host") {
    CHECK(server_errors("[[server]]\naddresses = [\"192.0.2.9\"]\n") ==
          one("r.toml:20:1: server.name: is missing; write name = \"pbx\", a short name of your "
              "choice"));
    CHECK(server_errors("[[server]]\nname = \"a b\"\naddresses = [\"192.0.2.9\"]\n") ==
          one("r.toml:21:8: server.name: \"a b\" is not made of letters, digits, '-', '_' and '.' "
              "only; write a short name, as name = \"pbx\""));
    CHECK(server_errors("[[server]]\nname = \"a\"\naddresses = [\"192.0.2.8\"]\n"
                        "[[server]]\nname = \"a\"\naddresses = [\"192.0.2.9\"]\n") ==
          one("r.toml:24:8: server.name: there is a server named \"a\" already; give each server a "
              "name of its own"));
    CHECK(server_errors("[[server]]\nname = \"a\"\n") ==
          one("r.toml:20:1: server.addresses: is missing; write addresses = [\"192.0.2.10\"], or a "
              "host name"));
    CHECK(server_errors("[[server]]\nname = \"a\"\naddresses = []\n") ==
          one("r.toml:22:13: server.addresses: is empty; write addresses = [\"192.0.2.10\"]"));
}

TEST_CASE("validation: a server's address is a host without port, and a TLS name a name") {
    CHECK(server_errors("[[server]]\nname = \"a\"\naddresses = [\"192.0.2.9:5070\"]\n") ==
          one("r.toml:22:14: server.addresses: \"192.0.2.9:5070\" is neither an address nor a host "
              "name; write \"192.0.2.9\" here and port = 5070 beside it"));
    CHECK(server_errors("[[server]]\nname = \"a\"\naddresses = [\"192.0.2.9\"]\n"
                        "domains = [\"*.example.com\"]\n") ==
          one("r.toml:23:12: server.domains: \"*.example.com\" is neither an address nor a host "
              "name; write \"192.0.2.10\", \"2001:db8::10\" or \"pbx.example.com\""));
    CHECK(server_errors("[[server]]\nname = \"a\"\naddresses = [\"192.0.2.9\"]\n"
                        "transport = \"tls\"\ntls_name = \"*.example.com\"\n") ==
          one("r.toml:24:12: server.tls_name: \"*.example.com\" is no host name; write the name "
              "that stands in the server's certificate"));
}

TEST_CASE("validation: a domain names one server, and none that is ours") {
    CHECK(server_errors("[[server]]\nname = \"a\"\naddresses = [\"192.0.2.8\"]\n"
                        "domains = [\"x.example\"]\n"
                        "[[server]]\nname = \"b\"\naddresses = [\"192.0.2.9\"]\nport = 5070\n"
                        "domains = [\"y.example\", \"X.example\"]\n") ==
          one("r.toml:28:25: server.domains: \"x.example\" names the server \"a\" already; give "
              "each server domains of its own"));
    CHECK(errors_of(with_listeners("domains = [\"x.example\"]\n",
                                   "[[server]]\nname = \"a\"\naddresses = [\"192.0.2.8\"]\n"
                                   "domains = [\"X.example\"]\n")) ==
          one("r.toml:24:12: server.domains: \"x.example\" is one of our own domains; leave it to "
              "one of the two; a server needs domains of its own"));
}

TEST_CASE("validation: two servers on one address are told apart by port or by domains") {
    const std::string a = "[[server]]\nname = \"a\"\naddresses = [\"192.0.2.9\"]\n";
    const std::string b = "[[server]]\nname = \"b\"\naddresses = [\"192.0.2.9\"]\n";
    CHECK(server_errors(a + b) ==
          one("r.toml:23:1: server.domains: \"192.0.2.9\" names the server \"a\" already; give "
              "each server domains of its own"));
    CHECK(server_errors(a + b + "port = 5070\n").empty());
    CHECK(server_errors(a + "domains = [\"a.example\"]\n" + b + "domains = [\"b.example\"]\n")
              .empty());
}

TEST_CASE("validation: a server is not this proxy itself") {
    CHECK(server_errors("[[server]]\nname = \"a\"\naddresses = [\"192.0.2.1\"]\n") ==
          one("r.toml:22:14: server.addresses: \"192.0.2.1\" with port 5060 is a listener of this "
              "proxy itself; write the server's own address and port"));
    CHECK(server_errors("[[server]]\nname = \"a\"\naddresses = [\"192.0.2.1\"]\nport = 5090\n")
              .empty());
}

TEST_CASE("validation: names of servers that are used elsewhere exist") {
    const std::string servers = "[[server]]\nname = \"office\"\naddresses = [\"192.0.2.8\"]\n";
    CHECK(errors_of(with_listeners("default_server = \"ofice\"\n", servers)) ==
          one("r.toml:1:18: default_server: there is no server named \"ofice\"; write \"office\""));
    CHECK(server_errors(servers + "may_call_clients = [\"trunk\"]\n") ==
          one("r.toml:23:21: server.may_call_clients: there is no server named \"trunk\"; add a "
              "[[server]] of that name, or name one that is there"));
    CHECK(errors_of(std::string(udp_listener) + "default_server = \"x\"\n" + servers).size() == 1);
}

TEST_CASE("validation: routes are SIP URIs with a known transport") {
    const auto with = [](std::string_view route) {
        return server_errors("[[server]]\nname = \"a\"\naddresses = [\"192.0.2.9\"]\nroutes = [\"" +
                             std::string(route) + "\"]\n");
    };
    CHECK(with("edge.example.com") ==
          one("r.toml:23:11: server.routes: \"edge.example.com\" is no sip or sips URI; write "
              "\"sip:edge.example.com:5070;transport=tcp;lr\""));
    CHECK(with("<sip:edge.example.com;lr>") ==
          one("r.toml:23:11: server.routes: \"<sip:edge.example.com;lr>\" is no sip or sips URI; "
              "write \"sip:edge.example.com:5070;transport=tcp;lr\", without < and >"));
    CHECK(with("sip:edge.example.com;transport=sctp;lr") ==
          one("r.toml:23:11: server.routes: \"sctp\" is no transport; write transport=udp, tcp, "
              "tls or ws"));
    CHECK(with("sips:edge.example.com;transport=udp;lr") ==
          one("r.toml:23:11: server.routes: sips never goes by UDP; write transport=tcp, or sip:"));
    CHECK(with("sip:edge.example.com;lr?Subject=x") ==
          one("r.toml:23:11: server.routes: a route carries no headers; leave out what follows the "
              "'?'"));
    CHECK(with("sip:edge.example.com;transport=tcp;lr").empty());
    CHECK(warnings_of(with_listeners("client_networks = [\"10.0.0.0/8\"]",
                                     "[[server]]\nname = \"a\"\naddresses = [\"192.0.2.9\"]\n"
                                     "routes = [\"sip:edge.example.com\"]\n")) ==
          one("r.toml:23:11: server.routes: the route \"sip:edge.example.com\" has no lr: that "
              "proxy is taken for a strict router (RFC 3261 §16.6); add ;lr unless it really is "
              "one"));
}

TEST_CASE("validation: each server has a listener by which it can reach us") {
    const auto errors = [](std::string_view server) {
        return errors_of(std::string(udp_listener) + "[[server]]\nname = \"a\"\naddresses = [" +
                         std::string(server) + "\n");
    };
    CHECK(errors("\"192.0.2.9\"]").empty());
    CHECK(errors("\"192.0.2.9\"]\ntransport = \"wss\"") ==
          one("r.toml:7:13: server.transport: the server \"a\" is reached by wss, but no such "
              "listener serves servers, so it could not reach us; add [[listen]] with transport = "
              "\"wss\" and bind = \"0.0.0.0:443\""));
    CHECK(errors("\"2001:db8::9\"]") ==
          one("r.toml:4:1: server.transport: the server \"a\" is reached by udp over IPv6, but no "
              "such listener serves servers, so it could not reach us; add [[listen]] with "
              "transport = \"udp\" and bind = \"[::]:5060\""));
    CHECK(errors("\"192.0.2.9\"]\nroutes = [\"sip:192.0.2.7;transport=tcp;lr\"]").size() == 1);
    CHECK(errors_of(std::string(udp_listener) +
                    "serves = [\"clients\"]\n"
                    "[[server]]\nname = \"a\"\naddresses = [\"192.0.2.9\"]\n")
              .size() == 1);
}

TEST_CASE("R42 validation: who must prove its name has to be asked for it") {
    const std::string server = "[[server]]\nname = \"a\"\naddresses = [\"192.0.2.9\"]\n"
                               "transport = \"tls\"\nverify_inbound = true\n";
    CHECK(server_errors(server) ==
          one("r.toml:24:18: server.verify_inbound: no tls listener that serves servers asks for "
              "certificates; write client_certificates = \"optional\" in that [[listen]]"));
    CHECK(server_errors("[[listen]]\ntransport = \"tls\"\nbind = \"192.0.2.1:5071\"\n"
                        "client_certificates = \"optional\"\n" +
                        server)
              .empty());
    // What serves servers alone asks of itself.
    CHECK(server_errors("[[listen]]\ntransport = \"tls\"\nbind = \"192.0.2.1:5071\"\n"
                        "serves = [\"servers\"]\n" +
                        server)
              .empty());
    CHECK(server_errors("[[server]]\nname = \"a\"\naddresses = [\"192.0.2.9\"]\n"
                        "transport = \"tcp\"\nverify_inbound = true\n")
              .size() == 1);
    CHECK(server_errors("[[listen]]\ntransport = \"wss\"\nbind = \"192.0.2.1:5071\"\n"
                        "client_ca = \"/ca.pem\"\n") ==
          one("r.toml:23:13: listen.client_ca: no client is asked for a certificate here; write "
              "client_certificates = \"optional\" or \"required\" beside it"));
}

TEST_CASE("R40 validation: reuse of a server's own connections needs TLS, or to be meant") {
    const auto errors = [](std::string_view transport, std::string_view value) {
        return server_errors(
            "[[server]]\nname = \"a\"\naddresses = [\"192.0.2.9\"]\ntransport = \"" +
            std::string(transport) + "\"\nreuse_inbound = \"" + std::string(value) + "\"\n");
    };
    CHECK(errors("tcp", "alias") ==
          one("r.toml:24:17: server.reuse_inbound: without TLS nobody proves whose connection it "
              "is; write \"always\" if the address is proof enough, or \"never\""));
    CHECK(errors("tcp", "always").empty());
    CHECK(errors("ws", "never").empty());
    CHECK(errors("wss", "alias").empty());
    CHECK(errors("udp", "always").size() == 1);
    const auto reuse = [](std::string_view transport) {
        return good(with_listeners("", "[[server]]\nname = \"a\"\naddresses = [\"192.0.2.9\"]\n"
                                       "transport = \"" +
                                           std::string(transport) + "\"\n"))
            .servers[0]
            .reuse_inbound;
    };
    CHECK(reuse("tls") == ReuseInbound::alias);
    CHECK(reuse("tcp") == ReuseInbound::never);
}

TEST_CASE("validation: a control group without a socket is refused") {
    CHECK(listener_errors(std::string(udp_listener) + "[control]\ngroup = \"voice\"\n") ==
          one("r.toml:5:9: control.group: there is no socket that it could own; write socket = "
              "\"/run/roundabout/control.sock\" beside it"));
}

TEST_CASE("validation: open doors are said aloud") {
    const std::string server = "[[server]]\nname = \"a\"\naddresses = [\"192.0.2.9\"]\n";
    CHECK(warnings_of(with_listeners("client_networks = [\"10.0.0.0/8\"]\n", server)).empty());
    CHECK(
        warnings_of(with_listeners("strict_host = false\nstrict_client = false\n", server)) ==
        std::vector<std::string>{
            "r.toml:1:15: strict_host: is off: requests to any host whatever are relayed, by tcp, "
            "for everybody who may send here; write strict_host = true unless this is meant",
            "r.toml:2:17: strict_client: is off: clients from any address may register through "
            "this proxy; write strict_client = true and list client_networks unless this is "
            "meant"});
    CHECK(warnings_of(with_listeners("client_networks = [\"::/0\"]\n", server)) ==
          one("r.toml:1:19: client_networks: holds a network of every address: clients from "
              "anywhere may register; list the networks that clients are in"));
}

TEST_CASE("validation: a proxy that nobody can use is said aloud") {
    CHECK(warnings_of(udp_listener) ==
          one("r.toml: server: there is no [[server]]: every request will be refused; describe at "
              "least one trusted server"));
    CHECK(warnings_of(with_listeners("", "[[server]]\nname = \"a\"\n"
                                         "addresses = [\"192.0.2.9\"]\n")) ==
          one("r.toml: client_networks: is empty: no client may register; list the networks that "
              "clients are in, as [\"10.0.0.0/8\"]"));
}

TEST_CASE("validation: a faulty key gives one error, not a chain of them") {
    CHECK(errors_of("[[listen]]\ntransport = \"upd\"\nbind = \"192.0.2.1:5060\"\npath = \"/ws\"\n"
                    "[[server]]\nname = \"a\"\naddresses = [\"192.0.2.9\"]\n")
              .size() == 1);
}

TEST_CASE("listener: PROXY headers need a stream, and somebody who is trusted with them") {
    const std::string listener = R"(
[[listen]]
transport = "tcp"
bind = "192.0.2.1:5062"
proxy_protocol = true
)";
    CHECK(errors_of(with_listeners("", listener)).size() == 1);
    CHECK(errors_of(with_listeners("trusted_proxies = [\"10.0.0.2\"]", listener)).empty());
    CHECK(errors_of(with_listeners("trusted_proxies = [\"10.0.0.300\"]", listener)).size() == 1);
    CHECK(errors_of(R"(trusted_proxies = ["10.0.0.2"]
[[listen]]
transport = "udp"
bind = "192.0.2.1:5060"
proxy_protocol = true
)") == std::vector<std::string>{
           "r.toml:5:18: listen.proxy_protocol: means nothing for udp; leave it "
           "out; it is for tcp, tls, ws and wss"});
}

TEST_CASE("listener: certificates are a list of pairs, instead of the one pair") {
    const auto errors = [](std::string_view lines) {
        return errors_of("[[listen]]\ntransport = \"tls\"\nbind = \"192.0.2.1\"\n" +
                         std::string(lines));
    };
    CHECK(errors("certificates = [{certificate = \"/a.pem\", key = \"/a.key\"}, "
                 "{certificate = \"/b.pem\", key = \"/b.key\"}]\n")
              .empty());
    CHECK(errors("certificates = [{certificate = \"/a.pem\"}]\n").size() == 1);
    CHECK(errors("certificates = [{}]\n").size() == 1);
    CHECK(errors("certificates = []\n").size() == 1);
    CHECK(errors("certificates = [{certificate = \"/a.pem\", key = \"/a.key\", nmae = 1}]\n")
              .size() == 1);
    CHECK(
        errors("certificates = \"/a.pem\"\n") ==
        std::vector<std::string>{
            "r.toml:4:16: listen.certificates: found a string, expected a list of sections; write "
            "certificates = [{ certificate = \"a.pem\", key = \"a.key\" }]"});
    CHECK(errors("certificate = \"/a.pem\"\nkey = \"/a.key\"\n"
                 "certificates = [{certificate = \"/b.pem\", key = \"/b.key\"}]\n")
              .size() == 1);
}

TEST_CASE(
    "validate: an outgoing listener is for servers alone, not for UDP, and needs no certificate") {
    const auto listener = [](std::string_view transport, std::string_view more) {
        return "[[listen]]\ntransport = \"udp\"\nbind = \"192.0.2.1:5060\"\n[[listen]]\n"
               "transport = \"" +
               std::string(transport) + "\"\nbind = \"192.0.2.1:5061\"\noutgoing_only = true\n" +
               std::string(more);
    };
    const Config config = good(listener("tls", ""));
    CHECK_FALSE(config.listeners[1].serves_clients);
    CHECK(config.listeners[1].serves_servers);
    CHECK(
        errors_of(listener("udp", "")) ==
        std::vector<std::string>{"r.toml:7:17: listen.outgoing_only: means nothing for udp; leave "
                                 "it out; it is for tcp, tls, ws and wss"});
    CHECK(
        errors_of(listener("tcp", "serves = [\"clients\"]\n")) ==
        std::vector<std::string>{"r.toml:8:10: listen.serves: is for servers alone where "
                                 "outgoing_only = true; write serves = [\"servers\"], or leave it "
                                 "out"});
    CHECK(errors_of("[[listen]]\ntransport = \"tls\"\nbind = \"192.0.2.1:5061\"\noutgoing_only = "
                    "true\n") ==
          std::vector<std::string>{"r.toml:1:1: listen: there is no listener; add [[listen]] with "
                                   "transport = \"udp\" and bind = \"0.0.0.0:5060\""});
}
