#include "config/describe.hpp"
#include "config/loading.hpp"

using namespace roundabout::config;
using namespace roundabout::config::testing;

TEST_CASE("describe: every key in force is printed, defaults included") {
    const std::string text = describe(good(R"(
default_server = "pbx"
client_networks = ["10.1.2.3"]
[[listen]]
transport = "udp"
bind = "192.0.2.1"
[[server]]
name = "pbx"
addresses = ["192.0.2.10"]
)"));
    CHECK(text == R"(domains = []
default_server = "pbx"
strict_host = true
strict_client = true
client_networks = ["10.1.2.3/32"]
unknown_source = "drop"
default_transport = "tcp"
ack_target = "ruri"
contact_host = "ip"
workers = 0
drain = 5
name_servers = []

[[listen]]
transport = "udp"
bind = "192.0.2.1:5060"
serves = ["clients", "servers"]

[[server]]
name = "pbx"
addresses = ["192.0.2.10"]
domains = ["192.0.2.10"]
port = 5060
transport = "udp"
routes = []
large_requests = "udp"
rewrite_contact = true
contact_match = "any"
may_call_clients = []

[store]
path = "/var/lib/roundabout/clients.db"
durability = "full"
wait = 2.000

[log]
level = "info"
json = false
)");
}

TEST_CASE("describe: what it prints loads again and prints the same") {
    const std::string once = describe(good(with_listeners(R"(
domains = ["a.example"]
strict_host = false
unknown_source = "reject"
ack_target = "to"
name_servers = ["127.0.0.1"]
)",
                                                          R"(ca = "/quote\"\\\u0001.pem"
client_certificate = "/cc.pem"
client_key = "/ck.pem"
[[listen]]
transport = "wss"
bind = "[::]:8443"
advertised = "[2001:db8::1]"
serves = ["servers"]
default_server = "b"
certificate = "/own.pem"
key = "/own.key"
path = "/ws"
origins = ["https://a.example", "https://b.example"]
[[server]]
name = "a"
addresses = ["2001:db8::9", "pbx.example.com"]
transport = "wss"
path = "/sip"
ca = "/b.pem"
tls_name = "x.example"
certificate = "/sc.pem"
key = "/sk.pem"
may_call_clients = ["b"]
[[server]]
name = "b"
domains = ["b.example"]
routes = ["sip:192.0.2.7:5070;lr"]
contact_match = "token"
rewrite_contact = false
large_requests = "tcp-first"
[store]
durability = "normal"
wait = 0.125
[control]
socket = "/run/x.sock"
group = "voice"
[log]
level = "debug"
json = true
)")));
    CHECK(describe(good(once)) == once);
}
