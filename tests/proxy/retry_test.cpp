#include "proxy/proxy_scene.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using roundabout::test::request;

TEST_CASE("R41 a reused connection breaks before any response: once more, with the same branch") {
    ProxyScene scene;
    scene.call_carrier(true);
    const std::string branch = branch_of(scene.last("INVITE carrier"));
    scene.closed(carrier(1));
    CHECK(scene.sent().empty());
    scene.connected(carrier(2));
    CHECK(scene.sent() == "INVITE carrier");
    CHECK(scene.last("INVITE carrier").flow == carrier(2));
    CHECK(branch_of(scene.last("INVITE carrier")) == branch);
    CHECK(scene.counters.retried.value() == 1);
    scene.answer(scene.last("INVITE carrier"), 200);
    CHECK(scene.sent() == "200 browser1");
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("R41 a failed write on a reused connection does the same") {
    ProxyScene scene;
    scene.call_carrier(true);
    scene.send_failed(scene.last("INVITE carrier"));
    scene.connected(carrier(2));
    CHECK(scene.sent() == "INVITE carrier");
    CHECK(scene.counters.retried.value() == 1);
}

TEST_CASE("R41 holds for any request") {
    ProxyScene scene;
    scene.arrive(browser(1), request("MESSAGE", "sip:bob@carrier.test"));
    scene.connected(carrier(1), true);
    scene.closed(carrier(1));
    scene.connected(carrier(2));
    CHECK(scene.sent() == "MESSAGE carrier, MESSAGE carrier");
}

TEST_CASE("R41 the second failure is final: 500") {
    ProxyScene scene;
    scene.call_carrier(true);
    scene.closed(carrier(1));
    scene.connected(carrier(2), true);
    CHECK(scene.sent() == "INVITE carrier");
    scene.closed(carrier(2));
    CHECK(scene.sent() == "500 browser1");
    CHECK(scene.network.dials.empty());
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("R41 if there is no second connection either: 500") {
    ProxyScene scene;
    scene.call_carrier(true);
    scene.closed(carrier(1));
    scene.connected(Error::connect_timeout);
    CHECK(scene.sent() == "500 browser1");
}

TEST_CASE("A fresh connection that breaks is not tried again") {
    ProxyScene scene;
    scene.call_carrier(false);
    scene.closed(carrier(1));
    CHECK(scene.sent() == "500 browser1");
    CHECK(scene.network.dials.empty());
    CHECK(scene.counters.retried.value() == 0);
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("R32 a request that was heard of is not sent again when its connection closes") {
    ProxyScene scene;
    scene.call_carrier(true);
    scene.answer(scene.last("INVITE carrier"), 100);
    scene.closed(carrier(1));
    CHECK(scene.sent().empty());
    CHECK(scene.network.dials.empty());
}

TEST_CASE("Only the requests that wait on the broken connection are touched") {
    ProxyScene scene;
    scene.call_carrier(true);
    scene.closed(carrier(7));
    CHECK(scene.network.dials.empty());
    scene.answer(scene.last("INVITE carrier"), 200);
    CHECK(scene.sent() == "200 browser1");
}

TEST_CASE("R32 a server that cannot be reached counts as 503, which goes up as 500") {
    ProxyScene scene;
    scene.arrive(browser(1), request("INVITE", "sip:bob@carrier.test"));
    scene.connected(Error::connect_timeout);
    CHECK(scene.sent() == "500 browser1");
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("R32 a 503 goes up as 500") {
    ProxyScene scene;
    scene.call_carrier();
    scene.answer(scene.last("INVITE carrier"), 503, "Retry-After: 3600\r\n");
    CHECK(scene.sent() == "ACK carrier, 500 browser1");
    CHECK(scene.last("500 browser1").bytes.starts_with("SIP/2.0 500 Server Internal Error\r\n"));
}

TEST_CASE("A client whose connection breaks under the request is answered for with 480") {
    ProxyScene scene;
    scene.bind("sip:alice@pbx.test", 2);
    scene.arrive(pbx(), request("INVITE", "sip:alice@192.0.2.1"));
    scene.closed(browser(2));
    scene.pass(5s);
    CHECK(scene.sent() == "INVITE browser2, 100 pbx, 480 pbx");
}

TEST_CASE("R39 a large request tries TCP first where that is configured, and remembers a failure") {
    ProxyScene scene;
    scene.place.config.servers[0].large_requests = config::LargeRequests::tcp_first;
    scene.reconfigure();
    const std::string filler = "Subject: " + std::string(1300, 'x');
    const auto ask = [&](const std::string& branch, std::vector<std::string> lines) {
        lines.push_back(via(branch));
        scene.arrive(browser(1), request("MESSAGE", "sip:bob@pbx.test", lines));
    };
    ask("z9hG4bKsmall", {});
    CHECK(scene.sent() == "MESSAGE pbx");
    ask("z9hG4bK1", {filler});
    REQUIRE(scene.network.dials.size() == 1);
    CHECK(scene.network.dials.front().target.transport == Transport::tcp);
    scene.connected(Error::connect_timeout);
    CHECK(scene.sent() == "MESSAGE pbx");
    CHECK(scene.last("MESSAGE pbx").flow.transport == Transport::udp);
    ask("z9hG4bK2", {filler});
    CHECK(scene.network.dials.empty());
    CHECK(scene.sent() == "MESSAGE pbx");
    scene.pass(10min);
    ask("z9hG4bK3", {filler});
    Flow by_tcp = carrier(5);
    by_tcp.remote = pbx().remote;
    scene.connected(by_tcp);
    CHECK(scene.last("MESSAGE pbx").flow == by_tcp);
    CHECK(value(scene.last("MESSAGE pbx").bytes, "Via").starts_with("SIP/2.0/TCP "));
    CHECK(scene.counters.large_by_tcp.value() == 1);
}
