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
trusted_proxies = []
unknown_source = "drop"
default_transport = "tcp"
ack_target = "ruri"
contact_host = "ip"
workers = 0
park = 5
drain = 5
name_servers = []
retry_failed_after = 30
try_next_after = 5

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
register_as = "contact"
probe = 0

[limits]
message = 262144
header = 65536
http_header = 16384
message_time = 30
connections = 100000
connections_per_source = 2000
handshakes = 5000
handshakes_per_source = 500
handshake_time = 10
idle_time = 3600
websocket_idle_time = 60
answer_time = 2
keepalive_interval = 30
keepalive_answer_time = 10
udp_keepalive_interval = 25
transactions = 500000
retry_after = 10
messages_per_source = 100
messages_burst = 1000
client_messages = 0
client_burst = 500
sources = 65536
queue_messages = 1024
queue_bytes = 4194304
udp_queue_messages = 4096
udp_queue_bytes = 8388608
udp_receive_buffer = 4194304
udp_send_buffer = 1048576
backlog = 1024
accept_pause = 0.1

[store]
path = "/var/lib/roundabout/clients.db"
durability = "full"
wait = 2
on_failure = "pass"

[metrics]
enabled = false
bind = "127.0.0.1:9506"

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
trusted_proxies = ["10.0.0.2", "2001:db8::/64"]
retry_failed_after = 12
try_next_after = 0.75
)",
                                                          R"(ca = "/quote\"\\\u0001.pem"
client_certificate = "/cc.pem"
client_key = "/ck.pem"
[[listen]]
transport = "wss"
bind = "[::]:8443"
advertised = "[2001:db8::1]"
serves = ["servers"]
client_certificates = "required"
client_ca = "/cca.pem"
default_server = "b"
certificate = "/own.pem"
key = "/own.key"
path = "/ws"
origins = ["https://a.example", "https://b.example"]
[[listen]]
transport = "tls"
bind = "[::]:8444"
certificates = [{ certificate = "/a.pem", key = "/a.key" }, { certificate = "/b.pem", key = "/b.key" }]
proxy_protocol = true
[[server]]
name = "a"
addresses = ["2001:db8::9", "pbx.example.com"]
transport = "wss"
path = "/sip"
ca = "/b.pem"
tls_name = "x.example"
verify_inbound = true
reuse_inbound = "always"
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
[limits]
message = 65536
header = 8192
message_time = 2.5
connections = 4000
connections_per_source = 20
accept_pause = 0.001
[store]
durability = "normal"
wait = 0.125
[control]
socket = "/run/x.sock"
group = "voice"
[metrics]
enabled = false
bind = "127.0.0.2:9507"
[log]
level = "debug"
json = true
)")));
    CHECK(describe(good(once)) == once);
}
