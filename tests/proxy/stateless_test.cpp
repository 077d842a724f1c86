#include "proxy/proxy_scene.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using roundabout::test::request;

TEST_CASE("R46 a CANCEL after a restart leaves with the branch of the INVITE from before") {
    ProxyScene scene;
    const auto invite = sent_before(
        phone(), request("INVITE", "sip:bob@pbx.test", {via("z9hG4bKcall")}), "INVITE pbx");
    scene.arrive(phone(), request("CANCEL", "sip:bob@pbx.test", {via("z9hG4bKcall")}));
    CHECK(scene.sent() == "CANCEL pbx");
    CHECK(branch_of(scene.last("CANCEL pbx")) == branch_of(invite));
    CHECK(value(scene.last("CANCEL pbx").bytes, "Via") == value(invite.bytes, "Via"));
    CHECK(scene.counters.cancels_forwarded.value() == 1);
    scene.arrive(pbx(), answer_to(scene.last("CANCEL pbx"), 200));
    CHECK(scene.sent() == "200 phone");
}

TEST_CASE("R46 a retransmitted INVITE leaves with the same branch after a restart") {
    ProxyScene scene;
    const auto invite = sent_before(
        phone(), request("INVITE", "sip:bob@pbx.test", {via("z9hG4bKcall")}), "INVITE pbx");
    scene.arrive(phone(), request("INVITE", "sip:bob@pbx.test", {via("z9hG4bKcall")}));
    CHECK(branch_of(scene.last("INVITE pbx")) == branch_of(invite));
}

TEST_CASE("A CANCEL that belongs to nothing and may go nowhere is answered 481") {
    ProxyScene scene;
    scene.arrive(phone(), request("CANCEL", "sip:bob@elsewhere.test"));
    CHECK(scene.sent() == "481 phone");
    CHECK(scene.all_ended());
}

TEST_CASE("R19 an ACK to a 2xx goes on without a transaction") {
    ProxyScene scene;
    scene.arrive(phone(), request("ACK", "sip:bob@pbx.test", {answered_to}));
    CHECK(scene.sent() == "ACK pbx");
    CHECK(scene.counters.acks_forwarded.value() == 1);
    CHECK(scene.all_ended());
    scene.pass(2min);
    CHECK(scene.sent().empty());
}

TEST_CASE("R19 an ACK to a 2xx that bears the INVITE's branch goes on like any other") {
    ProxyScene scene;
    scene.arrive(phone(), request("INVITE", "sip:bob@pbx.test"));
    scene.answer(scene.last("INVITE pbx"), 200);
    scene.arrive(phone(), request("ACK", "sip:bob@pbx.test", {answered_to}));
    CHECK(scene.sent() == "INVITE pbx, 200 phone, ACK pbx");
}

TEST_CASE("R19 an ACK is never answered, whatever is wrong with it or its way") {
    ProxyScene scene;
    scene.arrive(phone(), request("ACK", "sip:bob@elsewhere.test"));
    scene.arrive(phone(), request("ACK", "sip:bob@pbx.test", {"Max-Forwards: 0"}));
    scene.arrive(pbx(), request("ACK", "sip:nobody@192.0.2.1"));
    scene.arrive(phone(), request("ACK", "sip:bob@carrier.test"));
    scene.connected(Error::connect_timeout);
    CHECK(scene.sent().empty());
    CHECK(scene.all_ended());
}

TEST_CASE("R34 a response whose connection is gone takes the client's newer one") {
    ProxyScene scene;
    registration::Binding binding = scene.bind("sip:alice@pbx.test", 1);
    scene.call_carrier();
    scene.closed(browser(1));
    binding.flow = browser(9);
    binding.cseq = 2;
    registration::ChangeSet moved;
    moved.upserts.push_back(binding);
    scene.bindings.apply(std::move(moved));
    scene.network.open[browser(9).id] = browser(9);
    scene.answer(scene.last("INVITE carrier"), 200);
    CHECK(scene.sent() == "200 browser9");
}

TEST_CASE("R46 a CANCEL without its INVITE goes to every device that the INVITE went to") {
    ProxyScene before;
    before.bind("sip:alice@pbx.test", 1);
    before.bind("sip:alice@pbx.test", 2);
    before.arrive(pbx(), request("INVITE", "sip:alice@192.0.2.1"));
    ProxyScene scene; // the same after a restart
    scene.bind("sip:alice@pbx.test", 1);
    scene.bind("sip:alice@pbx.test", 2);
    scene.arrive(pbx(), request("CANCEL", "sip:alice@192.0.2.1"));
    CHECK(scene.sent() == "CANCEL browser1, CANCEL browser2");
    for (const std::string browser : {"browser1", "browser2"})
        CHECK(branch_of(scene.last("CANCEL " + browser)) ==
              branch_of(before.last("INVITE " + browser)));
}
