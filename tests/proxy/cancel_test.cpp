#include "proxy/proxy_scene.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using roundabout::test::request;

namespace {

sip::Message cancel() { return request("CANCEL", "sip:bob@carrier.test"); }

} // namespace

TEST_CASE("R20 a CANCEL is answered at once and waits for a provisional response") {
    ProxyScene scene;
    scene.call_carrier();
    scene.arrive(browser(1), cancel());
    CHECK(scene.sent() == "200 browser1");
    scene.answer(scene.last("INVITE carrier"), 100);
    CHECK(scene.sent() == "CANCEL carrier");
    const FakeNetwork::Sent& cancelling = scene.last("CANCEL carrier");
    CHECK(branch_of(cancelling) == branch_of(scene.last("INVITE carrier")));
    CHECK(cancelling.bytes.starts_with("CANCEL sip:bob@carrier.test "));
    scene.answer(cancelling, 200);
    CHECK(scene.sent().empty());
    scene.answer(scene.last("INVITE carrier"), 487);
    CHECK(scene.sent() == "ACK carrier, 487 browser1");
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("R20 a CANCEL after a provisional response goes on at once, a second one does not") {
    ProxyScene scene;
    scene.call_carrier();
    scene.answer(scene.last("INVITE carrier"), 180);
    CHECK(scene.sent() == "180 browser1");
    scene.arrive(browser(1), cancel());
    CHECK(scene.sent() == "200 browser1, CANCEL carrier");
    scene.arrive(browser(1), cancel());
    scene.answer(scene.last("INVITE carrier"), 183);
    CHECK(scene.sent().find("CANCEL") == std::string::npos);
}

TEST_CASE("A CANCEL that comes too late is answered and changes nothing") {
    ProxyScene scene;
    scene.call_carrier();
    scene.answer(scene.last("INVITE carrier"), 200);
    scene.arrive(browser(1), cancel());
    CHECK(scene.sent() == "200 browser1, 200 browser1");
    scene.pass(2min);
    CHECK(scene.sent().empty());
    CHECK(scene.all_ended());
}

TEST_CASE("A 2xx that crosses the CANCEL goes up") {
    ProxyScene scene;
    scene.call_carrier();
    scene.arrive(browser(1), cancel());
    scene.answer(scene.last("INVITE carrier"), 200);
    CHECK(scene.sent() == "200 browser1, 200 browser1");
    CHECK(value(scene.last("200 browser1").bytes, "CSeq") == "1 INVITE");
}

TEST_CASE("A CANCEL while the way is still looked for: 487 from here, nothing leaves") {
    ProxyScene scene;
    scene.arrive(browser(1), request("INVITE", "sip:bob@carrier.test"));
    scene.arrive(browser(1), cancel());
    CHECK(scene.sent() == "200 browser1, 487 browser1");
    CHECK(scene.unanswered == 0);
    scene.connected(carrier(1));
    CHECK(scene.sent().empty());
    scene.pass(2min);
    CHECK(scene.sent().empty());
    CHECK(scene.all_ended());
}

TEST_CASE("A CANCEL while the broken connection is replaced: 487, and no INVITE follows") {
    ProxyScene scene;
    scene.call_carrier(true);
    scene.closed(carrier(1));
    REQUIRE(scene.network.dials.size() == 1);
    scene.arrive(browser(1), cancel());
    CHECK(scene.sent() == "200 browser1, 487 browser1");
    scene.connected(carrier(2));
    CHECK(scene.sent().empty());
}

TEST_CASE("A cancelled INVITE whose next hop stays silent ends") {
    ProxyScene scene;
    scene.call_carrier();
    scene.answer(scene.last("INVITE carrier"), 180);
    scene.arrive(browser(1), cancel());
    CHECK(scene.sent() == "180 browser1, 200 browser1, CANCEL carrier");
    scene.pass(33s);
    CHECK(scene.sent() == "487 browser1");
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("R25 Timer C cancels after more than three minutes, counted from the last 1xx") {
    ProxyScene scene;
    scene.call_carrier();
    scene.answer(scene.last("INVITE carrier"), 180);
    scene.pass(150s);
    scene.answer(scene.last("INVITE carrier"), 183);
    scene.pass(180s);
    CHECK(scene.sent() == "180 browser1, 183 browser1");
    scene.pass(2s);
    CHECK(scene.sent() == "CANCEL carrier");
    scene.answer(scene.last("INVITE carrier"), 487);
    CHECK(scene.sent() == "ACK carrier, 487 browser1");
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("R25 a 100 does not restart Timer C") {
    ProxyScene scene;
    scene.call_carrier();
    scene.answer(scene.last("INVITE carrier"), 180);
    scene.pass(150s);
    scene.answer(scene.last("INVITE carrier"), 100);
    scene.pass(32s);
    CHECK(scene.sent() == "180 browser1, CANCEL carrier");
}

TEST_CASE("R25 a branch that Timer C cancelled and that never answers counts as 408") {
    ProxyScene scene;
    scene.call_carrier();
    scene.answer(scene.last("INVITE carrier"), 180);
    scene.pass(182s);
    CHECK(scene.sent() == "180 browser1, CANCEL carrier");
    scene.pass(30s);
    CHECK(scene.sent().empty());
    scene.pass(3s);
    CHECK(scene.sent() == "408 browser1");
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("R25 where no provisional response came it is 408, long before Timer C") {
    ProxyScene scene;
    scene.call_carrier();
    scene.pass(33s);
    CHECK(scene.sent() == "100 browser1, 408 browser1");
}

TEST_CASE("R25 a provisional response behind the CANCEL does not restart Timer C's end") {
    ProxyScene scene;
    scene.call_carrier();
    scene.answer(scene.last("INVITE carrier"), 180);
    scene.arrive(browser(1), cancel());
    scene.pass(20s);
    scene.answer(scene.last("INVITE carrier"), 183);
    CHECK(scene.sent() == "180 browser1, 200 browser1, CANCEL carrier, 183 browser1");
    scene.pass(13s);
    CHECK(scene.sent() == "487 browser1");
}

TEST_CASE("R20 a branch cancelled before it has said anything gets its CANCEL by its first word") {
    ProxyScene scene;
    scene.call_carrier();
    scene.arrive(browser(1), cancel());
    scene.pass(5s);
    CHECK(scene.sent() == "200 browser1, 100 browser1");
    scene.answer(scene.last("INVITE carrier"), 183);
    CHECK(scene.sent() == "CANCEL carrier, 183 browser1");
}

TEST_CASE("R20 a branch cancelled before it has said anything, and that never does, is 487") {
    ProxyScene scene;
    scene.call_carrier();
    scene.arrive(browser(1), cancel());
    scene.pass(33s);
    CHECK(scene.sent() == "200 browser1, 100 browser1, 487 browser1");
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("R26 a 2xx behind Timer C's CANCEL goes up") {
    ProxyScene scene;
    scene.call_carrier();
    scene.answer(scene.last("INVITE carrier"), 180);
    scene.pass(182s);
    scene.answer(scene.last("INVITE carrier"), 200);
    CHECK(scene.sent() == "180 browser1, CANCEL carrier, 200 browser1");
    scene.pass(2min);
    CHECK(scene.all_ended());
}
