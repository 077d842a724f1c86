#include "config/describe.hpp"
#include "config/loading.hpp"
#include "config/lookup.hpp"
#include "config/succession.hpp"

using namespace roundabout;
using namespace roundabout::config;
using namespace roundabout::config::testing;

namespace {

std::string listener(const std::string& transport, const std::string& bind) {
    return "[[listen]]\ntransport = \"" + transport + "\"\nbind = \"" + bind + "\"\n";
}

std::string server(const std::string& name, const std::string& more = "") {
    return "[[server]]\nname = \"" + name + "\"\naddresses = [\"" + name + ".test\"]\n" + more;
}

Succession follow(const std::string& next, const Config& running) {
    auto succession = succeed(good(next), running);
    REQUIRE(succession.has_value());
    return std::move(*succession);
}

const std::string a = listener("udp", "192.0.2.1:5060");
const std::string b = listener("tcp", "192.0.2.1:5060");
const std::string c = listener("udp", "192.0.2.2:5060");

} // namespace

TEST_CASE("succession: a listener keeps its position wherever the file has it") {
    const Config running = good(a + b);
    const Config next = follow(c + b + a, running).config;
    REQUIRE(next.listeners.size() == 3);
    CHECK(next.listeners[0].bind == running.listeners[0].bind);
    CHECK(next.listeners[1].transport == Transport::tcp);
    CHECK(next.listeners[2].bind.to_string() == "192.0.2.2:5060");
}

TEST_CASE("succession: a removed listener leaves a closed hole that it fills when it comes back") {
    const Config running = good(a + b + c);
    const Config without = follow(c, running).config;
    REQUIRE(without.listeners.size() == 3);
    CHECK(without.listeners[0].closed);
    CHECK(without.listeners[1].closed);
    CHECK_FALSE(without.listeners[0].serves_clients);
    CHECK_FALSE(without.listeners[0].serves_servers);
    CHECK_FALSE(without.listeners[2].closed);
    CHECK_FALSE(is_ours(without, "192.0.2.1", 5060, {}));
    CHECK(is_ours(without, "192.0.2.2", 5060, {}));
    CHECK(describe(without) == describe(good(c)));
    const Config again = follow(c + b, without).config;
    REQUIRE(again.listeners.size() == 3);
    CHECK(again.listeners[0].closed);
    CHECK_FALSE(again.listeners[1].closed);
    CHECK(again.listeners[1].transport == Transport::tcp);
}

TEST_CASE("succession: the other keys of a listener are those of the new file") {
    const Config next = follow(a + "serves = [\"servers\"]\n", good(a)).config;
    CHECK_FALSE(next.listeners[0].serves_clients);
    CHECK(next.listeners[0].serves_servers);
}

TEST_CASE("succession: what connections to a server go by keeps its number, another's takes none") {
    const Config running = good(a + server("one") + server("two"));
    CHECK(running.servers[0].tls_profile == 1);
    CHECK(running.servers[1].tls_profile == 2);
    const Config next = follow(a + server("three") + server("two"), running).config;
    CHECK(next.servers[0].tls_profile == 3);
    CHECK(next.servers[1].tls_profile == 2);
    CHECK_FALSE(next.client_tls[1].used);
    const std::string authority = "[tls]\nca = \"other.pem\"\n";
    const Config other = follow(a + server("two") + authority, next).config;
    CHECK(other.servers[0].tls_profile == 4);
    CHECK(follow(a + server("two"), other).config.servers[0].tls_profile == 2);
}

TEST_CASE("succession: what needs a restart keeps its running value and is named") {
    const Succession next =
        follow("workers = 3\ndrain = 9\n" + a + "[store]\nwait = 9\n", good("workers = 2\n" + a));
    CHECK(next.config.workers == 2);
    CHECK(next.config.drain == std::chrono::seconds(9));
    CHECK(next.config.store.wait == std::chrono::milliseconds(2000));
    CHECK(next.after_restart == std::vector<std::string>{"workers", "store.wait"});
}
