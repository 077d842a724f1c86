#include "proxy/proxy_scene.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using roundabout::test::request;

namespace {

FakeNetwork::Sent phones_invite() {
    return sent_before(phone(), request("INVITE", "sip:bob@pbx.test", {via("z9hG4bKcall")}),
                       "INVITE pbx");
}

/// A request of the browser with the AOR sip:alice@pbx.test and binding 1, before the restart.
FakeNetwork::Sent browsers(const std::string& method) {
    ProxyScene before;
    before.bind("sip:alice@pbx.test", 1);
    before.arrive(browser(1), request(method, "sip:bob@pbx.test",
                                      {"From: <sip:alice@pbx.test>;tag=f1",
                                       "Via: SIP/2.0/WSS x.invalid;branch=z9hG4bKcall",
                                       "Contact: <sip:c1@x.invalid;transport=ws>"}));
    return before.last(method + " pbx");
}

/// The same binding over another connection, from that address.
void back_again(ProxyScene& scene, const std::string& aor, std::uint8_t number,
                std::uint64_t serial, std::string_view address = "203.0.113.20") {
    registration::Binding moved = scene.bind(aor, number);
    moved.cseq = 2;
    moved.flow = browser(serial);
    moved.flow.remote.address = *IpAddress::parse(address);
    scene.network.open[moved.flow.id] = moved.flow;
    registration::ChangeSet changes;
    changes.upserts.push_back(std::move(moved));
    scene.bindings.apply(std::move(changes));
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    const std::size_t at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), with);
}

} // namespace

TEST_CASE("R46 a response to a request from before a restart goes on by the Via below ours") {
    ProxyScene scene;
    const std::string response = answer_to(phones_invite(), 200);
    scene.arrive(pbx(), response);
    CHECK(scene.sent() == "200 phone");
    CHECK(scene.last("200 phone").bytes.find("Via: SIP/2.0/UDP 192.0.2.1") == std::string::npos);
    CHECK(scene.counters.responses_stateless.value() == 1);
    CHECK(scene.all_ended());
}

TEST_CASE("R46 a response to REGISTER never goes on without its transaction") {
    ProxyScene scene;
    const auto sent = sent_before(
        phone(),
        request("REGISTER", "sip:pbx.test",
                {"Contact: <sip:a@a.test>", "To: <sip:a@pbx.test>", via("z9hG4bKcall")}),
        "REGISTER pbx");
    scene.arrive(pbx(), answer_to(sent, 200));
    CHECK(scene.sent().empty());
    CHECK(scene.counters.responses_stray.value() == 1);
}

TEST_CASE("R46 a response whose Via below ours was changed bounces off nobody") {
    ProxyScene scene;
    const std::string response = answer_to(phones_invite(), 200);
    scene.arrive(pbx(), replaced(response, "rport=5062", "rport=5063"));
    scene.arrive(pbx(), replaced(response, "received=203.0.113.9", "received=203.0.113.7"));
    CHECK(scene.sent().empty());
    CHECK(scene.counters.responses_stray.value() == 2);
}

TEST_CASE("R27 a response whose top Via is not ours is dropped silently") {
    ProxyScene scene;
    const auto sent = phones_invite();
    scene.arrive(pbx(), replaced(answer_to(sent, 200), branch_of(sent), "z9hG4bKnotours"));
    CHECK(scene.sent().empty());
    CHECK(scene.counters.responses_foreign.value() == 1);
}

TEST_CASE("R46 a call's answer reaches a client that came back by another connection") {
    ProxyScene scene;
    back_again(scene, "sip:alice@pbx.test", 1, 8, "203.0.113.77");
    back_again(scene, "sip:alice@pbx.test", 2, 9); // another device at the address from before
    scene.arrive(pbx(), answer_to(browsers("INVITE"), 200));
    CHECK(scene.sent() == "200 browser8");
    CHECK(scene.counters.responses_stateless.value() == 1);
}

TEST_CASE("R46 without Record-Route the one client of that name and address gets the answer") {
    ProxyScene scene;
    back_again(scene, "sip:alice@pbx.test", 1, 8);
    back_again(scene, "sip:bob@pbx.test", 2, 9);
    back_again(scene, "sip:alice@pbx.test", 3, 7, "203.0.113.77");
    scene.arrive(pbx(), answer_to(browsers("MESSAGE"), 200));
    CHECK(scene.sent() == "200 browser8");
}

TEST_CASE("R46 where several clients could have asked nobody gets the answer") {
    ProxyScene scene;
    back_again(scene, "sip:alice@pbx.test", 1, 8);
    back_again(scene, "sip:alice@pbx.test", 2, 9);
    scene.arrive(pbx(), answer_to(browsers("MESSAGE"), 200));
    CHECK(scene.sent().empty());
    CHECK(scene.counters.responses_stray.value() == 1);
}

TEST_CASE("R46 a client that is not back is never dialled") {
    ProxyScene scene;
    scene.arrive(pbx(), answer_to(browsers("INVITE"), 200));
    CHECK(scene.sent().empty());
    CHECK(scene.network.dials.empty());
    CHECK(scene.counters.responses_stray.value() == 1);
}

TEST_CASE("R46 an answer for a server goes by a new connection to its entry") {
    const auto invite = [] {
        ProxyScene before;
        before.arrive(carrier(1),
                      request("INVITE", "sip:bob@pbx.test",
                              {"Via: SIP/2.0/TCP 198.51.100.2:5070;branch=z9hG4bKcall"}));
        return before.last("INVITE pbx");
    }();
    ProxyScene scene;
    scene.arrive(pbx(), answer_to(invite, 200));
    REQUIRE(scene.network.dials.size() == 1);
    CHECK(scene.network.dials.front().target.remote == carrier(1).remote);
    scene.connected(carrier(2));
    CHECK(scene.sent() == "200 carrier");
    CHECK(scene.all_ended());
}

TEST_CASE("R27 a response without any Via is dropped silently") {
    ProxyScene scene;
    scene.arrive(pbx(), "SIP/2.0 200 OK\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:b@b>;tag=2\r\n"
                        "Call-ID: c\r\nCSeq: 1 INVITE\r\n\r\n");
    CHECK(scene.sent().empty());
    CHECK(scene.counters.requests_malformed.value() == 1);
}
