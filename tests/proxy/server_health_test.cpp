#include "proxy/proxy_scene.hpp"
#include "proxy/server_health.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;

namespace {

const Candidate a{Transport::udp, *Endpoint::parse("198.51.100.11:5060")};
const Candidate b{Transport::tcp, *Endpoint::parse("198.51.100.11:5060")};

/// `a` without probes, `b` with.
struct Health : ServerHealth {
    Health() { know({{"pbx", a, 0s}, {"carrier", b, 2s}}); }

    PlaceState state(const Candidate& place) const {
        for (const PlaceHealth& each : snapshot()) {
            if (each.place == place)
                return each.state;
        }
        FAIL("not known: ", to_string(place));
        return PlaceState::up;
    }
};

} // namespace

TEST_CASE("A place that failed is used by nobody, until one request may try it") {
    Health health;
    CHECK(health.may_use(a, start, true));
    CHECK(health.failed(a, start, 30s));
    CHECK_FALSE(health.failed(a, start, 30s)); // no news
    CHECK(health.state(a) == PlaceState::down);
    CHECK_FALSE(health.may_use(a, start + 29s, true));
    CHECK_FALSE(health.may_use(a, start + 30s, false)); // another place stands before it
    CHECK(health.may_use(a, start + 30s, true));
    CHECK(health.state(a) == PlaceState::trying);
    CHECK_FALSE(health.may_use(a, start + 31s, true));
    SUBCASE("it answers: all may") {
        CHECK(health.answered(a, start + 32s));
        CHECK_FALSE(health.answered(a, start + 32s)); // no news
        CHECK(health.all_up());
        CHECK(health.may_use(a, start + 32s, false));
    }
    SUBCASE("it fails again: nobody may, for as long again") {
        CHECK_FALSE(health.failed(a, start + 32s, 30s));
        CHECK_FALSE(health.may_use(a, start + 61s, true));
        CHECK(health.may_use(a, start + 62s, true));
    }
    SUBCASE("nothing comes of it: another one may, later") {
        CHECK_FALSE(health.may_use(a, start + 59s, true));
        CHECK(health.may_use(a, start + 60s, true));
    }
    CHECK(health.snapshot()[0].times_down == 1);
}

TEST_CASE("A probed place waits for its probe to be answered, not for time to pass") {
    Health health;
    health.failed(b, start, 30s);
    CHECK_FALSE(health.may_use(b, start + 1h, true));
    health.probe_sent(b);
    health.probe_sent(b);
    CHECK(health.probe_answered(b, start + 1h));
    CHECK(health.may_use(b, start + 1h, false));
    const PlaceHealth seen = health.snapshot()[1];
    CHECK(seen.server == "carrier");
    CHECK(seen.probe == 2s);
    CHECK(seen.probes == 2);
    CHECK(seen.probes_answered == 1);
    CHECK(seen.since == start + 1h);
}

TEST_CASE("A probed place is down though failures are not remembered otherwise") {
    Health health;
    CHECK_FALSE(health.failed(a, start, 0s));
    CHECK(health.failed(b, start, 0s));
    CHECK(health.may_use(a, start, false));
    CHECK_FALSE(health.may_use(b, start, true));
}

TEST_CASE("A place that asked to be left alone is, also where its probes are answered") {
    Health health;
    health.failed(b, start, 60s, true);
    CHECK_FALSE(health.probe_answered(b, start + 59s));
    CHECK(health.state(b) == PlaceState::down);
    CHECK(health.probe_answered(b, start + 60s));
    CHECK(health.state(b) == PlaceState::up);
}

TEST_CASE("Places that stay keep what is known of them, those that leave are forgotten") {
    Health health;
    health.failed(a, start, 30s);
    health.failed(b, start, 30s);
    health.know({{"pbx", a, 1s}, {"other", a, 0s}});
    CHECK(health.state(a) == PlaceState::down);
    CHECK_FALSE(health.may_use(a, start + 1h, true)); // it is probed now
    REQUIRE(health.snapshot().size() == 2);
    CHECK(health.snapshot()[1].server == "other");
    CHECK(health.may_use(b, start, true));
    CHECK(health.answered(a, start));
    CHECK(health.all_up());
    CHECK_FALSE(health.probe_answered(b, start));
}

TEST_CASE("What is remembered of hosts that are no servers is bounded") {
    Health health;
    health.failed(a, start, 30s);
    const auto host = [](std::uint16_t port) {
        return Candidate{Transport::udp, {*IpAddress::parse("192.0.2.1"), port}};
    };
    for (std::uint16_t port = 1; port <= 5000; ++port)
        health.failed(host(port), start, 30s);
    CHECK(health.size() <= ServerHealth::most + 2);
    CHECK_FALSE(health.may_use(host(5000), start, true));
    CHECK(health.may_use(host(5000), start + 30s, true));
    CHECK(health.state(a) == PlaceState::down);
    for (std::uint16_t port = 1; port <= 5000; ++port)
        health.answered(host(port), start);
    CHECK(health.size() == 2);
    health.answered(a, start);
    CHECK(health.all_up());
}

TEST_CASE("The places of a configuration: all addresses of all servers, each once a server") {
    ProxyScene scene;
    scene.place.config.servers[0].hosts = {"198.51.100.11", "198.51.100.11", "198.51.100.12"};
    scene.place.config.servers[0].probe = 3s;
    scene.reconfigure();
    const std::vector<ServerPlaceEntry> places = server_places(*scene.services.snapshot);
    REQUIRE(places.size() == 4);
    CHECK(places[0] == ServerPlaceEntry{"pbx", a, 3s});
    CHECK(to_string(places[1].place) == "udp 198.51.100.12:5060");
    CHECK(places[2].server == "carrier");
    CHECK(places[2].probe == 0s);
    CHECK(to_string(places[3].place) == "tcp 198.51.100.4:5070"); // edge's first route
}
