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

TEST_CASE("Messages are counted where they come and leave, repeats too, and times by method") {
    using Way = transport::MessageCounts::Way;
    ProxyScene scene;
    const auto count = [&scene](Way way, Transport transport, std::uint16_t status) {
        return scene.layer.messages.value(way, transport, sip::Method::invite,
                                          sip::status_slot(status));
    };
    const auto invite = [] {
        return request("INVITE", "sip:bob@carrier.test", {"Contact: <sip:a@a.test>"});
    };
    scene.arrive(pbx(), invite());
    scene.connected(carrier(1));
    scene.answer(scene.last("INVITE carrier"), 180);
    scene.arrive(pbx(), invite());
    CHECK(count(Way::received, Transport::udp, 0) == 2);
    CHECK(count(Way::sent, Transport::tcp, 0) == 1);
    CHECK(count(Way::received, Transport::tcp, 180) == 1);
    CHECK(count(Way::sent, Transport::udp, 180) == 2);
    scene.pass(3s);
    scene.answer(scene.last("INVITE carrier"), 200, "Contact: <sip:bob@198.51.100.2:5070>\r\n");
    CHECK(count(Way::sent, Transport::udp, 200) == 1);
    CHECK(scene.measures.forwarded.value(static_cast<std::size_t>(routing::Rule::server_domain)) ==
          1);
    constexpr auto method = static_cast<std::size_t>(sip::Method::invite);
    const auto first = scene.measures.first_response[method].value();
    const auto last = scene.measures.final_response[method].value();
    CHECK(first.counts.front() == 1);
    CHECK(last.counts.front() == 0);
    CHECK(last.sum >= 3s);
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

TEST_CASE("R30 a request that was forked upstream and merges here goes on twice: no 482 of ours") {
    ProxyScene scene;
    for (const auto* branch : {"z9hG4bKone", "z9hG4bKtwo"}) {
        scene.arrive(phone(), request("INVITE", "sip:bob@pbx.test", {via(branch)}));
        CHECK(scene.sent() == "INVITE pbx");
    }
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

TEST_CASE("R28 a client of RFC 2543 calls, is refused, and cancels, all without a cookie") {
    ProxyScene scene;
    const std::string old = "Via: SIP/2.0/UDP 203.0.113.9:5062";
    const auto ask = [&](const std::string& method, const std::string& number) {
        return request(method, "sip:bob@pbx.test", {old, "CSeq: " + number + " " + method});
    };
    scene.arrive(phone(), ask("INVITE", "1"));
    scene.arrive(phone(), ask("INVITE", "1")); // sent again
    CHECK(scene.sent() == "INVITE pbx");
    CHECK(branch_of(scene.last("INVITE pbx")).starts_with("z9hG4bK"));
    scene.answer(scene.last("INVITE pbx"), 486);
    CHECK(scene.sent() == "ACK pbx, 486 phone");
    const std::string to = "To: " + value(scene.last("486 phone").bytes, "To");
    scene.arrive(phone(), request("ACK", "sip:bob@pbx.test", {old, "CSeq: 1 ACK", to}));
    CHECK(scene.sent().empty());
    scene.pass(10s);
    CHECK(scene.sent().empty()); // the ACK was found to be this INVITE's
    scene.arrive(phone(), ask("INVITE", "2"));
    scene.answer(scene.last("INVITE pbx"), 180);
    CHECK(scene.sent() == "INVITE pbx, 180 phone");
    scene.arrive(phone(), ask("CANCEL", "2"));
    CHECK(scene.sent() == "200 phone, CANCEL pbx");
}

TEST_CASE("R24 a 408 that comes to a non-INVITE stays here, and one to an INVITE goes up") {
    ProxyScene scene;
    scene.arrive(browser(1), request("MESSAGE", "sip:bob@pbx.test", {via("z9hG4bKmessage")}));
    scene.answer(scene.last("MESSAGE pbx"), 408);
    CHECK(scene.sent() == "MESSAGE pbx");
    CHECK(scene.unanswered == 0);
    scene.arrive(browser(1), request("INVITE", "sip:bob@pbx.test", {via("z9hG4bKinvite")}));
    scene.answer(scene.last("INVITE pbx"), 408);
    CHECK(scene.sent() == "INVITE pbx, ACK pbx, 408 browser1");
    scene.pass(2min);
    CHECK(scene.all_ended());
}
