#include "admin/overview.hpp"
#include "admin/store_fake.hpp"
#include "config/load.hpp"
#include "registration/binding_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace roundabout;
using namespace roundabout::admin;
using namespace std::chrono_literals;

namespace {

config::Config configured() {
    const auto loaded = config::load_text(R"(
listen = [ { transport = "udp", bind = "192.0.2.1:5060" },
           { transport = "tcp", bind = "192.0.2.1:5060", serves = ["clients"] } ]
server = [ { name = "pbx", addresses = ["192.0.2.9"], domains = ["pbx.test"], transport = "udp" },
           { name = "far", addresses = ["far.test"], domains = ["far.test"], transport = "udp" } ]
)",
                                          "test.toml");
    for (const config::Problem& problem : loaded.problems())
        MESSAGE(config::to_string(problem));
    REQUIRE(loaded.config() != nullptr);
    return *loaded.config();
}

} // namespace

TEST_CASE("status: says what the process is and does, and what its store lacks") {
    registration::BindingTable bindings{HashKey{1, 2}};
    test::StoreFake store;
    StatisticsSources sources;
    sources.bindings = &bindings;
    sources.store = &store;
    const ProcessFacts facts{"1.2.3", "/etc/r.toml", std::chrono::steady_clock::now() - 90s};
    const Record record = status_record(facts, sources, false);
    CHECK(record.kind == "status");
    CHECK(record.text("version") == "1.2.3");
    CHECK(record.text("config") == "/etc/r.toml");
    CHECK(record.text("state") == "ready");
    CHECK(record.number("uptime") >= 90);
    CHECK(record.number("pid") > 0);
    CHECK(record.has("bindings"));
    CHECK_FALSE(record.flag("store_degraded"));
    CHECK(status_record(facts, sources, true).text("state") == "stopping");
}

TEST_CASE(
    "listeners: open ones are named with whom they serve and how long their certificate is valid") {
    config::Config config = configured();
    const auto records =
        listener_records(config, {{"certificate_days_left/tcp/192.0.2.1:5060", 12}});
    REQUIRE(records.size() == 2);
    CHECK(records[0].text("transport") == "udp");
    CHECK(records[0].texts("serves") == std::vector<std::string>{"clients", "servers"});
    CHECK_FALSE(records[0].has("certificate_days_left"));
    CHECK(records[1].texts("serves") == std::vector<std::string>{"clients"});
    CHECK(records[1].number("certificate_days_left") == 12);
    config.listeners[0].closed = true;
    CHECK(listener_records(config, {}).size() == 1);
}

TEST_CASE("servers: each place is a record, and a server without one is not left out") {
    const config::Config config = configured();
    proxy::PlaceHealth place;
    place.server = "pbx";
    place.place = {Transport::udp, *Endpoint::parse("192.0.2.9:5060")};
    place.state = proxy::PlaceState::down;
    place.since = TimePoint(100s);
    place.times_down = 2;
    place.probe = 5s;
    place.probes = 9;
    const auto records = server_records(config, {{"pbx", 7}}, {place}, TimePoint(130s));
    REQUIRE(records.size() == 2);
    CHECK(records[0].text("name") == "pbx");
    CHECK(records[0].text("address") == "192.0.2.9:5060");
    CHECK(records[0].text("state") == "down");
    CHECK(records[0].number("for") == 30);
    CHECK(records[0].number("times_down") == 2);
    CHECK(records[0].number("probes") == 9);
    CHECK(records[0].number("bindings") == 7);
    CHECK(records[1].text("name") == "far");
    CHECK(records[1].text("state") == "not located");
    CHECK(records[1].number("bindings") == 0);
}
