#include "proxy/proxy_scene.hpp"
#include "sip/parser.hpp"
#include "sip/response.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using roundabout::test::request;

namespace {

/// A request of the phone's that left before a restart, as pbx got it.
FakeNetwork::Sent sent_before(const std::string& method, std::vector<std::string> lines) {
    ProxyScene before;
    lines.push_back(via("z9hG4bKcall"));
    before.arrive(phone(), request(method, "sip:bob@pbx.test", lines));
    return before.last(method + " pbx");
}

std::string answer_to(const FakeNetwork::Sent& sent, std::uint16_t status) {
    sip::ResponseParts parts;
    parts.status = status;
    parts.to_tag = "answer";
    return sip::make_response(*sip::index_message(sent.bytes, sip::Framing::datagram), parts);
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    const std::size_t at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), with);
}

} // namespace

TEST_CASE("R46 a response to a request from before a restart goes on by the Via below ours") {
    ProxyScene scene;
    const std::string response = answer_to(sent_before("INVITE", {}), 200);
    scene.arrive(pbx(), response);
    CHECK(scene.sent() == "200 phone");
    CHECK(scene.last("200 phone").bytes.find("Via: SIP/2.0/UDP 192.0.2.1") == std::string::npos);
    CHECK(scene.counters.responses_stateless.value() == 1);
    CHECK(scene.all_ended());
}

TEST_CASE("R46 a response to REGISTER never goes on without its transaction") {
    ProxyScene scene;
    const auto sent = sent_before("REGISTER", {"Contact: <sip:a@a.test>", "To: <sip:a@pbx.test>"});
    scene.arrive(pbx(), answer_to(sent, 200));
    CHECK(scene.sent().empty());
    CHECK(scene.counters.responses_stray.value() == 1);
}

TEST_CASE("R46 a response whose Via below ours was changed bounces off nobody") {
    ProxyScene scene;
    const std::string response = answer_to(sent_before("INVITE", {}), 200);
    scene.arrive(pbx(), replaced(response, "rport=5062", "rport=5063"));
    scene.arrive(pbx(), replaced(response, "received=203.0.113.9", "received=203.0.113.7"));
    CHECK(scene.sent().empty());
    CHECK(scene.counters.responses_stray.value() == 2);
}

TEST_CASE("R27 a response whose top Via is not ours is dropped silently") {
    ProxyScene scene;
    const auto sent = sent_before("INVITE", {});
    scene.arrive(pbx(), replaced(answer_to(sent, 200), branch_of(sent), "z9hG4bKnotours"));
    CHECK(scene.sent().empty());
    CHECK(scene.counters.responses_foreign.value() == 1);
}

TEST_CASE("R46 a CANCEL after a restart leaves with the branch of the INVITE from before") {
    ProxyScene scene;
    const auto invite = sent_before("INVITE", {});
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
    const auto invite = sent_before("INVITE", {});
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
