#include "proxy/probing.hpp"
#include "proxy/proxy_scene.hpp"
#include "sip/parser.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using roundabout::test::request;

namespace {

const std::string a = "198.51.100.11:5060";
const std::string b = "198.51.100.12:5060";

/// pbx has two addresses and is probed every two seconds.
struct Probes : ProxyScene {
    Probes() {
        place.config.servers[0].hosts = {"198.51.100.11", "198.51.100.12"};
        place.config.servers[0].probe = 2s;
        reconfigure();
    }
    ~Probes() { lasting.destroy_tasks(); }

    void begin(std::uint16_t workers = 1) {
        lasting.spawn(probe_servers(loop, services, lasting, workers));
        loop.run();
    }
    void look_away() { static_cast<void>(sent()); }
    void answer_all(std::uint16_t status) {
        const std::vector<FakeNetwork::Sent> all = network.sent;
        for (; answered < all.size(); ++answered) {
            if (all[answered].bytes.starts_with("OPTIONS"))
                answer(all[answered], status);
        }
        look_away();
    }
    /// Of pbx's two addresses and carrier's one.
    std::string states() const {
        std::string all;
        for (const PlaceHealth& each : health.snapshot()) {
            if (each.server != "edge")
                all += (all.empty() ? "" : " ") + std::string(words(each.state));
        }
        return all;
    }
    /// Where a new request goes.
    std::string next_call() {
        look_away();
        arrive(browser(1),
               request("MESSAGE", "sip:bob@pbx.test", {via("z9hG4bK" + std::to_string(++calls))}));
        std::string to = sent();
        answer(last(to), 200);
        look_away();
        return to;
    }

    transaction::Scope lasting{loop};
    std::size_t answered = 0;
    int calls = 0;
};

} // namespace

TEST_CASE("Each address is asked at once and then every so often, by a well-formed OPTIONS") {
    Probes scene;
    scene.begin();
    CHECK(scene.sent() == "OPTIONS " + a + ", OPTIONS " + b);
    const auto probe = sip::index_message(scene.last("OPTIONS " + a).bytes, sip::Framing::datagram);
    REQUIRE(probe.has_value());
    CHECK_FALSE(sip::check_message(*probe));
    CHECK(probe->request_uri() == "sip:198.51.100.11:5060;transport=udp");
    CHECK(branch_of(scene.last("OPTIONS " + a)) != branch_of(scene.last("OPTIONS " + b)));
    scene.answer_all(200);
    scene.pass(1900ms);
    CHECK(scene.sent().empty());
    scene.pass(200ms);
    CHECK(scene.sent() == "OPTIONS " + a + ", OPTIONS " + b);
    scene.answer_all(404); // it lives, whatever it says
    CHECK(scene.states() == "up up up");
    CHECK(scene.counters.probes.value() == 4);
    CHECK(scene.counters.probes_failed.value() == 0);
    CHECK(scene.layer.clients.size() == 4); // Timer K
    scene.lasting.destroy_tasks();
    scene.pass(10s);
    CHECK(scene.all_ended());
}

TEST_CASE("Nothing is asked where probes are off, and everything once a reload switches them on") {
    Probes scene;
    scene.place.config.servers[0].probe = 0s;
    scene.reconfigure();
    scene.begin();
    scene.pass(1min);
    CHECK(scene.sent().empty());
    scene.place.config.servers[0].probe = 5s;
    scene.reconfigure();
    scene.pass(1s);
    CHECK(scene.sent() == "OPTIONS " + a + ", OPTIONS " + b);
    scene.place.config.servers[0].probe = 0s;
    scene.reconfigure();
    scene.answer_all(200);
    scene.pass(1min);
    CHECK(scene.sent().empty());
}

TEST_CASE("Silence, a refusal and a 503 each mean down, and one answer up again") {
    Probes scene;
    scene.place.config.try_next_after = 1s;
    scene.reconfigure();
    scene.begin();
    scene.answer(scene.last("OPTIONS " + b), 200);
    SUBCASE("silence") {}
    SUBCASE("unreachable") { scene.send_failed(scene.last("OPTIONS " + a)); }
    SUBCASE("503") { scene.answer(scene.last("OPTIONS " + a), 503); }
    scene.pass(1100ms);
    CHECK(scene.states() == "down up up");
    CHECK(scene.next_call() == "MESSAGE " + b);
    scene.pass(1s);
    CHECK(scene.next_call() == "MESSAGE " + b); // asked again, not answered yet
    scene.answer(scene.last("OPTIONS " + a), 200);
    CHECK(scene.states() == "up up up");
    CHECK(scene.next_call() == "MESSAGE " + a);
    CHECK(scene.health.snapshot()[0].times_down == 1);
}

TEST_CASE("A probe that nobody answers leaves nothing behind, and is not sent for ever") {
    Probes scene;
    scene.place.config.try_next_after = 1s;
    scene.reconfigure();
    scene.begin();
    scene.pass(1100ms);
    CHECK(scene.layer.clients.size() == 0);
    CHECK(scene.states() == "down down up");
}

TEST_CASE("A request never tries a place that is probed; without probes one tries, half open") {
    Probes scene;
    const auto fail_a = [&] {
        scene.health.failed({Transport::udp, *Endpoint::parse(a)}, scene.loop.now(), 30s);
    };
    SUBCASE("probed") {
        fail_a();
        scene.pass(1h);
        CHECK(scene.next_call() == "MESSAGE " + b);
    }
    SUBCASE("not probed") {
        scene.place.config.servers[0].probe = 0s;
        scene.reconfigure();
        fail_a();
        scene.pass(31s);
        const auto ask = [&](const std::string& branch) {
            scene.look_away();
            scene.arrive(browser(1), request("MESSAGE", "sip:bob@pbx.test", {via(branch)}));
            return scene.sent();
        };
        CHECK(ask("z9hG4bKx") == "MESSAGE " + a);
        CHECK(scene.states() == "trying up up");
        CHECK(ask("z9hG4bKy") == "MESSAGE " + b);
        scene.answer(scene.last("MESSAGE " + a), 200);
        CHECK(scene.states() == "up up up");
        CHECK(ask("z9hG4bKz") == "MESSAGE " + a);
    }
}

TEST_CASE("By a stream a probe needs a connection; one that is refused means down at once") {
    Probes scene;
    scene.place.config.servers[0].probe = 0s;
    scene.place.config.servers[1].probe = 2s;
    scene.reconfigure();
    scene.begin();
    REQUIRE(scene.network.dials.size() == 1);
    CHECK(scene.network.dials[0].target.remote.to_string() == "198.51.100.2:5070");
    scene.connected(Error::connect_timeout);
    CHECK(scene.states() == "up up down");
    scene.pass(2s);
    scene.connected(carrier(1));
    CHECK(scene.sent() == "OPTIONS carrier");
    scene.answer(scene.last("OPTIONS carrier"), 200);
    CHECK(scene.states() == "up up up");
}

TEST_CASE("Each place is asked by one worker, and the answer comes to that one") {
    Probes first;
    Probes second;
    second.services.worker = 1;
    first.begin(2);
    second.begin(2);
    const std::string all = first.sent() + " " + second.sent();
    CHECK(first.counters.probes.value() + second.counters.probes.value() == 2);
    CHECK(all.find("OPTIONS " + a) != std::string::npos);
    CHECK(all.find("OPTIONS " + b) != std::string::npos);
    for (const Probes* scene : {&first, &second}) {
        for (const FakeNetwork::Sent& sent : scene->network.sent) {
            const auto response = sip::index_message(answer_to(sent, 200), sip::Framing::datagram);
            REQUIRE(response.has_value());
            CHECK(owner_of(*response, scene->services.keys, 2) == scene->services.worker);
        }
    }
}
