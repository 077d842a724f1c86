#include "config/lookup.hpp"
#include "proxy/proxy_scene.hpp"
#include "routing/branch.hpp"

#include <doctest/doctest.h>

#include <utility>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using roundabout::test::request;

namespace {

/// pbx is two UDP servers, b behind a; carrier two TCP servers.
struct TwoPlaces : ProxyScene {
    TwoPlaces() {
        place.config.servers[0].hosts = {"198.51.100.11", "198.51.100.12"};
        place.config.servers[1].hosts = {"198.51.100.21", "198.51.100.22"};
        reconfigure();
    }

    void call(const std::string& branch = "z9hG4bKa", const std::string& to = "pbx.test") {
        arrive(browser(1), request("INVITE", "sip:bob@" + to,
                                   {via(branch), "Contact: <sip:al@x.invalid;transport=ws>"}));
    }
    void ask(const std::string& branch = "z9hG4bKm") {
        arrive(browser(1), request("MESSAGE", "sip:bob@pbx.test", {via(branch)}));
    }
    /// What was sent so far is of no interest.
    void look_away() { static_cast<void>(sent()); }
    void refuse(const std::string& line) { send_failed(last(line)); }
};

const std::string a = "198.51.100.11:5060";
const std::string b = "198.51.100.12:5060";
const std::string invite_a = "INVITE " + a;
const std::string invite_b = "INVITE " + b;

std::uint8_t attempt_of(const FakeNetwork::Sent& sent) {
    return routing::read_branch(branch_of(sent)).value().attempt;
}

/// A connection to one of the carrier's places.
Flow at(const std::string& remote, std::uint64_t serial) {
    Flow flow = carrier(serial);
    flow.remote = *Endpoint::parse(remote);
    return flow;
}

} // namespace

TEST_CASE("R32 a transport error: the next address, in a branch of its own; nobody hears of it") {
    TwoPlaces scene;
    scene.call();
    CHECK(scene.sent() == invite_a);
    scene.refuse(invite_a);
    CHECK(scene.sent() == invite_b);
    CHECK(scene.counters.tried_next.value() == 1);
    CHECK(branch_of(scene.last(invite_a)) != branch_of(scene.last(invite_b)));
    CHECK(attempt_of(scene.last(invite_a)) == 0);
    CHECK(attempt_of(scene.last(invite_b)) == 1);
    scene.answer(scene.last(invite_b), 200);
    CHECK(scene.sent() == "200 browser1");
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("R32 a 503: the next address; only the last 503 goes up, as 500") {
    TwoPlaces scene;
    scene.call();
    scene.answer(scene.last(invite_a), 100);
    scene.answer(scene.last(invite_a), 503);
    CHECK(scene.sent() == invite_a + ", ACK " + a + ", " + invite_b);
    scene.answer(scene.last(invite_b), 503);
    CHECK(scene.sent() == "ACK " + b + ", 500 browser1");
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("R32 a 503 of the first is forgotten over any answer of the second") {
    TwoPlaces scene;
    scene.call();
    scene.answer(scene.last(invite_a), 503);
    scene.answer(scene.last(invite_b), 486);
    CHECK(scene.sent() ==
          invite_a + ", ACK " + a + ", " + invite_b + ", ACK " + b + ", 486 browser1");
}

TEST_CASE("R32 no retry elsewhere once the callee rings") {
    TwoPlaces scene;
    SUBCASE("after a 503") {
        scene.call();
        scene.answer(scene.last(invite_a), 180);
        scene.answer(scene.last(invite_a), 503);
        CHECK(scene.sent() == invite_a + ", 180 browser1, ACK " + a + ", 500 browser1");
    }
    SUBCASE("after silence") {
        scene.call();
        scene.answer(scene.last(invite_a), 180);
        scene.pass(1min);
        CHECK(scene.sent() == invite_a + ", 180 browser1");
    }
    CHECK(scene.counters.tried_next.value() == 0);
}

TEST_CASE("R32 a 100 is enough to be waited for") {
    TwoPlaces scene;
    scene.call();
    scene.answer(scene.last(invite_a), 100);
    scene.pass(1min);
    CHECK(scene.sent() == invite_a + ", 100 browser1");
}

TEST_CASE("An address that is silent is passed over, for requests of any kind") {
    TwoPlaces scene;
    SUBCASE("INVITE") {
        scene.call();
        scene.pass(4900ms);
        CHECK(scene.sent().ends_with(invite_a));
        scene.pass(200ms);
        CHECK(scene.sent() == invite_b);
        scene.answer(scene.last(invite_b), 200);
        CHECK(scene.sent() == "200 browser1");
    }
    SUBCASE("MESSAGE") {
        scene.ask();
        scene.pass(5100ms);
        scene.answer(scene.last("MESSAGE " + b), 200);
        CHECK(scene.sent().ends_with("MESSAGE " + b + ", 200 browser1"));
    }
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("The time of silence is configurable, and the last address has all of Timer B") {
    TwoPlaces scene;
    scene.place.config.try_next_after = 700ms;
    scene.reconfigure();
    scene.call();
    scene.pass(800ms);
    CHECK(scene.sent() == invite_a + ", 100 browser1, " + invite_a + ", " + invite_b);
    scene.pass(31s);
    CHECK(scene.sent().find("browser1") == std::string::npos);
    scene.pass(1s);
    CHECK(scene.sent().ends_with("408 browser1"));
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("R24 a MESSAGE that no address answers is never answered 408") {
    TwoPlaces scene;
    scene.ask();
    scene.pass(2min);
    CHECK(scene.sent().find("browser1") == std::string::npos);
    CHECK(scene.all_ended());
}

TEST_CASE("R26 the silent one answers 200 after all: it is passed on, and the other cancelled") {
    TwoPlaces scene;
    scene.call();
    scene.pass(5100ms);
    scene.answer(scene.last(invite_b), 180);
    scene.look_away();
    scene.answer(scene.last(invite_a), 200);
    CHECK(scene.sent() == "200 browser1, CANCEL " + b);
    scene.answer(scene.last(invite_b), 200); // it crossed the CANCEL: R26 again
    CHECK(scene.sent() == "200 browser1");
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("The silent one rings after all: it is cancelled, and nobody hears of it") {
    TwoPlaces scene;
    scene.call();
    scene.pass(5100ms);
    scene.look_away();
    scene.answer(scene.last(invite_a), 180);
    CHECK(scene.sent() == "CANCEL " + a);
    scene.answer(scene.last("CANCEL " + a), 200);
    scene.answer(scene.last(invite_a), 487);
    CHECK(scene.sent() == "ACK " + a);
    scene.answer(scene.last(invite_b), 200);
    CHECK(scene.sent() == "200 browser1");
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("A cancelled request goes nowhere else") {
    TwoPlaces scene;
    scene.call();
    scene.arrive(browser(1), request("CANCEL", "sip:bob@pbx.test", {via("z9hG4bKa")}));
    scene.look_away();
    SUBCASE("by silence") { scene.pass(10s); }
    SUBCASE("by a 503") { scene.answer(scene.last(invite_a), 503); }
    SUBCASE("by a transport error") { scene.refuse(invite_a); }
    CHECK(scene.sent().find(b) == std::string::npos);
}

TEST_CASE("R20 a CANCEL reaches the address that the call has gone on to") {
    TwoPlaces scene;
    scene.call();
    scene.refuse(invite_a);
    scene.answer(scene.last(invite_b), 180);
    scene.look_away();
    scene.arrive(browser(1), request("CANCEL", "sip:bob@pbx.test", {via("z9hG4bKa")}));
    CHECK(scene.sent() == "200 browser1, CANCEL " + b);
    CHECK(branch_of(scene.last("CANCEL " + b)) == branch_of(scene.last(invite_b)));
}

TEST_CASE("R46 a CANCEL without its INVITE has the branch and the place of the first try") {
    const auto cancel = request("CANCEL", "sip:bob@pbx.test", {via("z9hG4bKa")});
    TwoPlaces before;
    before.call();
    before.refuse(invite_a);
    TwoPlaces after; // the same after a restart
    after.arrive(phone(), cancel);
    CHECK(after.sent() == "CANCEL " + a);
    CHECK(attempt_of(after.last("CANCEL " + a)) == 0);
}

TEST_CASE("A failed address is tried last for a while, then first again") {
    TwoPlaces scene;
    scene.call("z9hG4bK1");
    scene.refuse(invite_a);
    scene.answer(scene.last(invite_b), 200);
    scene.look_away();
    scene.ask("z9hG4bK2");
    CHECK(scene.sent() == "MESSAGE " + b);
    scene.answer(scene.last("MESSAGE " + b), 200);
    scene.pass(29s);
    scene.look_away();
    scene.ask("z9hG4bK3");
    CHECK(scene.sent() == "MESSAGE " + b);
    scene.answer(scene.last("MESSAGE " + b), 200);
    scene.pass(2s);
    scene.look_away();
    scene.ask("z9hG4bK4");
    CHECK(scene.sent() == "MESSAGE " + a);
}

TEST_CASE("With all addresses failed they are tried all the same, and one that answers is good") {
    TwoPlaces scene;
    scene.call("z9hG4bK1");
    scene.refuse(invite_a);
    scene.refuse(invite_b);
    CHECK(scene.sent() == invite_a + ", " + invite_b + ", 500 browser1");
    scene.ask("z9hG4bK2");
    CHECK(scene.sent() == "MESSAGE " + a);
    scene.answer(scene.last("MESSAGE " + a), 200);
    scene.look_away();
    scene.ask("z9hG4bK3");
    CHECK(scene.sent() == "MESSAGE " + a);
}

TEST_CASE("A 503 may ask to be left alone for longer, within reason") {
    TwoPlaces scene;
    scene.call("z9hG4bK1");
    scene.answer(scene.last(invite_a), 503, "Retry-After: 120 (maintenance);duration=60\r\n");
    scene.answer(scene.last(invite_b), 200);
    scene.pass(119s);
    scene.look_away();
    scene.ask("z9hG4bK2");
    CHECK(scene.sent() == "MESSAGE " + b);
    scene.answer(scene.last("MESSAGE " + b), 503, "Retry-After: 4000000000\r\n");
    CHECK(scene.sent() == "MESSAGE " + a);
    scene.pass(11min);
    scene.look_away();
    scene.ask("z9hG4bK3");
    CHECK(scene.sent() == "MESSAGE " + a);
}

TEST_CASE("A dialog stays with its address, even a failed one, and goes on to another if it must") {
    TwoPlaces scene;
    scene.call("z9hG4bK1");
    scene.answer(scene.last(invite_a), 200);
    const std::string route = route_back(scene.last("200 browser1"));
    scene.health.failed({Transport::udp, *Endpoint::parse(a)}, scene.loop.now(), 1h);
    scene.look_away();
    scene.arrive(browser(1), request("BYE", "sip:bob@pbx.test",
                                     {via("z9hG4bK2"), answered_to, "CSeq: 2 BYE", route}));
    CHECK(scene.sent() == "BYE " + a);
    scene.refuse("BYE " + a);
    CHECK(scene.sent() == "BYE " + b);
}

TEST_CASE("A connection that is refused: the next address, and it is dialled first next time") {
    TwoPlaces scene;
    scene.place.config.servers[1].domains = {"carrier.test"};
    scene.reconfigure();
    scene.call("z9hG4bK1", "carrier.test");
    REQUIRE(scene.network.dials.size() == 1);
    CHECK(scene.network.dials[0].target.remote.to_string() == "198.51.100.21:5070");
    scene.connected(Error::connect_timeout);
    REQUIRE(scene.network.dials.size() == 1);
    CHECK(scene.network.dials[0].target.remote.to_string() == "198.51.100.22:5070");
    scene.connected(at("198.51.100.22:5070", 1));
    CHECK(scene.sent() == "INVITE 198.51.100.22:5070");
    CHECK(attempt_of(scene.last("INVITE 198.51.100.22:5070")) == 0); // nothing was sent before
    scene.call("z9hG4bK2", "carrier.test");
    REQUIRE(scene.network.dials.size() == 1);
    CHECK(scene.network.dials[0].target.remote.to_string() == "198.51.100.22:5070");
}

TEST_CASE(
    "REGISTER: the next address gets it, its bindings are pending once, and a late 200 counts") {
    TwoPlaces scene;
    scene.arrive(browser(1), request("REGISTER", "sip:pbx.test",
                                     {via("z9hG4bKr"), "Contact: <sip:al@x.invalid;transport=ws>",
                                      "To: <sip:al@pbx.test>", "From: <sip:al@pbx.test>;tag=1"}));
    CHECK(scene.sent() == "REGISTER " + a);
    scene.pass(5100ms);
    CHECK(scene.sent().ends_with("REGISTER " + b));
    const auto confirm = [&](const std::string& line) {
        const auto& sent = scene.last(line);
        scene.answer(sent, 200, "Contact: " + value(sent.bytes, "Contact") + ";expires=60\r\n");
    };
    SUBCASE("of the second") { confirm("REGISTER " + b); }
    SUBCASE("of the first") { confirm("REGISTER " + a); }
    REQUIRE(scene.store.asked.size() == 1);
    scene.committed();
    CHECK(scene.sent().ends_with("200 browser1"));
    CHECK(scene.bindings.size() == 1);
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("SRV: ports and order of the records, and every address is the server's") {
    TwoPlaces scene;
    auto& server = scene.place.config.servers[0];
    server.hosts = {"sip.pbx.test"};
    server.fixed_transport = true;
    const Sought sought =
        config::sought_at(server, "sip.pbx.test", config::spoken_to_servers(scene.place.config));
    scene.book.locations[sought] = {
        {Transport::udp, 0, 0, 5091, {*IpAddress::parse("198.51.100.31")}},
        {Transport::udp, 1, 0, 5092, {*IpAddress::parse("198.51.100.32")}}};
    scene.reconfigure();
    scene.call();
    CHECK(scene.sent() == "INVITE 198.51.100.31:5091");
    scene.answer(scene.last("INVITE 198.51.100.31:5091"), 503);
    CHECK(scene.sent() == "ACK 198.51.100.31:5091, INVITE 198.51.100.32:5092");
    Flow other = pbx();
    other.remote = *Endpoint::parse("198.51.100.32:40000");
    scene.arrive(other, request("OPTIONS", "sip:carrier.test", {via("z9hG4bKo")}));
    CHECK(scene.network.dials.size() == 1);
}

TEST_CASE("A dialog's address whose port DNS has not told yet is asked for, not guessed") {
    TwoPlaces scene;
    auto& server = scene.place.config.servers[0];
    server.hosts = {"sip.pbx.test"};
    server.fixed_transport = true;
    const Sought sought =
        config::sought_at(server, "sip.pbx.test", config::spoken_to_servers(scene.place.config));
    scene.book.locations[sought] = {
        {Transport::udp, 0, 0, 5091, {*IpAddress::parse("198.51.100.31")}}};
    scene.reconfigure();
    scene.call();
    const std::string to = " 198.51.100.31:5091";
    scene.answer(scene.last("INVITE" + to), 200);
    const std::string route = route_back(scene.last("200 browser1"));
    const auto known = std::exchange(scene.book.locations, {}); // as after a restart
    scene.reconfigure();
    scene.look_away();
    scene.arrive(browser(1), request("BYE", "sip:bob@pbx.test",
                                     {via("z9hG4bK2"), answered_to, "CSeq: 2 BYE", route}));
    CHECK(scene.sent().empty());
    scene.book.locations = known;
    scene.reconfigure();
    scene.arrive(browser(1), request("BYE", "sip:bob@pbx.test",
                                     {via("z9hG4bK3"), answered_to, "CSeq: 3 BYE", route}));
    CHECK(scene.sent() == "BYE" + to);
}
