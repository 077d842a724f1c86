#include "proxy/proxy_scene.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using roundabout::test::request;

TEST_CASE("A call from trunk to trunk: each message goes on once, to the other side") {
    ProxyScene scene;
    scene.arrive(pbx(), request("INVITE", "sip:bob@carrier.test", {"Contact: <sip:a@a.test>"}));
    CHECK(scene.sent().empty());
    REQUIRE(scene.network.dials.size() == 1);
    CHECK(scene.network.dials.front().target.remote == carrier(1).remote);
    CHECK(scene.network.dials.front().target.transport == Transport::tcp);
    scene.connected(carrier(1));
    CHECK(scene.sent() == "INVITE carrier");
    CHECK(scene.unanswered == 1);
    scene.answer(scene.last("INVITE carrier"), 180);
    CHECK(scene.sent() == "180 pbx");
    CHECK(scene.unanswered == 1);
    scene.answer(scene.last("INVITE carrier"), 200, "Contact: <sip:bob@198.51.100.2:5070>\r\n");
    CHECK(scene.sent() == "200 pbx");
    CHECK(scene.unanswered == 0);

    const std::string route = route_back(scene.last("200 pbx"));
    const std::string target = contact_uri(scene.last("200 pbx"));
    scene.arrive(pbx(), request("ACK", target, {route, answered_to, via("z9hG4bKack")}));
    scene.connected(carrier(1), true);
    CHECK(scene.sent() == "ACK carrier");
    scene.arrive(pbx(), request("BYE", target, {route, answered_to, via("z9hG4bKbye")}));
    scene.connected(carrier(1), true);
    CHECK(scene.sent() == "BYE carrier");
    CHECK(scene.last("BYE carrier").bytes.starts_with("BYE sip:bob@198.51.100.2:5070 "));
    scene.answer(scene.last("BYE carrier"), 200);
    CHECK(scene.sent() == "200 pbx");

    scene.pass(2min);
    CHECK(scene.sent().empty());
    CHECK(scene.all_ended());
    CHECK(scene.counters.requests_forwarded.value() == 2);
    CHECK(scene.counters.acks_forwarded.value() == 1);
    CHECK(scene.counters.responses_forwarded.value() == 3);
}

TEST_CASE("A retransmitted request is absorbed, and answered with the last response") {
    ProxyScene scene;
    const sip::Message invite = request("INVITE", "sip:bob@pbx.test");
    scene.arrive(phone(), invite);
    scene.arrive(phone(), invite);
    CHECK(scene.sent() == "INVITE pbx");
    scene.answer(scene.last("INVITE pbx"), 180);
    CHECK(scene.sent() == "180 phone");
    scene.arrive(phone(), invite);
    CHECK(scene.sent() == "180 phone");
}

TEST_CASE("R24 an INVITE without a response is answered 100 within 200 ms, another request isn't") {
    ProxyScene scene;
    scene.call_carrier();
    scene.pass(250ms);
    CHECK(scene.sent() == "100 browser1");
    CHECK(scene.last("100 browser1").at <= 200ms);
    scene.arrive(browser(1), request("MESSAGE", "sip:bob@carrier.test", {via("z9hG4bKmessage")}));
    scene.connected(carrier(1), true);
    CHECK(scene.sent() == "MESSAGE carrier");
    scene.pass(1s);
    CHECK(scene.sent().empty());
}

TEST_CASE("R24 a 100 stays here") {
    ProxyScene scene;
    scene.call_carrier();
    scene.answer(scene.last("INVITE carrier"), 100);
    CHECK(scene.sent().empty());
}

TEST_CASE("R24 a non-INVITE that nobody answers gets no 408") {
    ProxyScene scene;
    scene.arrive(browser(1), request("MESSAGE", "sip:bob@carrier.test"));
    scene.connected(carrier(1));
    CHECK(scene.unanswered == 1);
    scene.pass(2min);
    CHECK(scene.sent() == "MESSAGE carrier");
    CHECK(scene.all_ended());
}

TEST_CASE("An INVITE that nobody answers gets a 408") {
    ProxyScene scene;
    scene.call_carrier();
    scene.pass(31s);
    CHECK(scene.sent() == "100 browser1");
    scene.pass(2s);
    CHECK(scene.sent() == "408 browser1");
    scene.pass(2min);
    CHECK(scene.sent().empty());
    CHECK(scene.all_ended());
}

TEST_CASE("R26 each 2xx goes up at once, also when its transaction is long gone") {
    ProxyScene scene;
    scene.arrive(phone(), request("INVITE", "sip:bob@pbx.test", {via("z9hG4bKcall")}));
    const FakeNetwork::Sent invite = scene.last("INVITE pbx");
    scene.answer(invite, 200);
    scene.answer(invite, 200);
    CHECK(scene.sent() == "INVITE pbx, 200 phone, 200 phone");
    scene.answer(invite, 486);
    CHECK(scene.sent().empty());
    scene.pass(2min);
    CHECK(scene.all_ended());
    scene.answer(invite, 200);
    CHECK(scene.sent() == "200 phone");
}

TEST_CASE("R19 the ACK to a non-2xx is ours on each hop") {
    ProxyScene scene;
    scene.arrive(phone(), request("INVITE", "sip:bob@pbx.test"));
    scene.answer(scene.last("INVITE pbx"), 486);
    CHECK(scene.sent() == "INVITE pbx, ACK pbx, 486 phone");
    CHECK(branch_of(scene.last("ACK pbx")) == branch_of(scene.last("INVITE pbx")));
    scene.arrive(phone(), request("ACK", "sip:bob@pbx.test", {answered_to}));
    CHECK(scene.sent().empty());
    scene.pass(2min);
    CHECK(scene.sent().empty());
    CHECK(scene.all_ended());
}

TEST_CASE("While draining nothing new is taken, and what is under way ends, its ACK included") {
    ProxyScene scene;
    scene.arrive(phone(), request("INVITE", "sip:bob@pbx.test", {"Contact: <sip:a@a.test>"}));
    scene.worker.drain();
    scene.answer(scene.last("INVITE pbx"), 200, "Contact: <sip:b@198.51.100.1>\r\n");
    CHECK(scene.sent() == "INVITE pbx, 200 phone");
    const FakeNetwork::Sent& ok = scene.last("200 phone");
    scene.arrive(phone(),
                 request("ACK", contact_uri(ok), {route_back(ok), answered_to, via("z9hG4bKack")}));
    CHECK(scene.sent() == "ACK pbx");
    scene.arrive(phone(), request("INVITE", "sip:bob@pbx.test", {via("z9hG4bKnew")}));
    scene.arrive(phone(), request("OPTIONS", "sip:192.0.2.1", {via("z9hG4bKping")}));
    CHECK(scene.sent().empty());
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("R43 an unknown source is dropped without an answer and leaves nothing behind") {
    ProxyScene scene;
    scene.arrive(outsider(), request("INVITE", "sip:bob@pbx.test"));
    scene.arrive(outsider(), request("CANCEL", "sip:bob@pbx.test"));
    scene.arrive(outsider(), request("ACK", "sip:bob@pbx.test", {via("z9hG4bKack")}));
    CHECK(scene.sent().empty());
    CHECK(scene.all_ended());
    CHECK(scene.counters.requests_dropped.value() == 3);
}

TEST_CASE("A flood of unknown sources is refused at a bounded rate and fills no table") {
    ProxyScene scene;
    scene.place.config.unknown_source = config::UnknownSource::reject;
    scene.reconfigure();
    for (int i = 0; i < 200; ++i) {
        const std::string branch = "z9hG4bK" + std::to_string(i);
        scene.arrive(outsider(), request("INVITE", "sip:bob@pbx.test", {via(branch)}));
    }
    CHECK(scene.network.sent.size() == 50);
    CHECK(scene.counters.rejections_muted.value() == 150);
    CHECK(scene.all_ended());
    for (int i = 0; i < 200; ++i) {
        const std::string branch = "z9hG4bKcancel" + std::to_string(i);
        scene.arrive(outsider(), request("CANCEL", "sip:bob@pbx.test", {via(branch)}));
    }
    CHECK(scene.network.sent.size() == 50);
    scene.pass(1s);
    scene.arrive(outsider(), request("INVITE", "sip:bob@pbx.test", {via("z9hG4bKlater")}));
    CHECK(scene.network.sent.size() == 51);
}

TEST_CASE("A request that breaks the rules is answered, an ACK or a response never") {
    ProxyScene scene;
    const std::string broken = " sip:bob@pbx.test SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.9:5062"
                               ";branch=z9hG4bKx\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\n"
                               "Call-ID: 1\r\nCSeq: ";
    scene.arrive(phone(), "INVITE" + broken + "x INVITE\r\n\r\n");
    CHECK(scene.sent() == "400 phone");
    scene.arrive(phone(), "ACK" + broken + "x ACK\r\n\r\n");
    scene.arrive(pbx(), "SIP/2.0 200 OK\r\nVia: x\r\n\r\n");
    CHECK(scene.sent().empty());
    CHECK(scene.counters.requests_malformed.value() == 3);
    CHECK(scene.all_ended());
}
