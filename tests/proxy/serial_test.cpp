#include "proxy/proxy_scene.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using roundabout::test::request;

// Targets one after the other, by q.

namespace {

/// alice has a browser at q 1 and two at q 0.5; the INVITE from pbx has gone to the first.
struct SerialScene : ProxyScene {
    SerialScene() {
        bind("sip:alice@pbx.test", 2, 500);
        bind("sip:alice@pbx.test", 3, 500);
        bind("sip:alice@pbx.test", 1, 1000);
        arrive(pbx(), request("INVITE", "sip:alice@192.0.2.1"));
        CHECK(sent() == "INVITE browser1");
    }
    void answer_by(int browser, std::uint16_t status) {
        answer(last("INVITE browser" + std::to_string(browser)), status);
    }
};

} // namespace

TEST_CASE("R32 those of a lower q are called when the higher one has failed, and both at once") {
    SerialScene scene;
    scene.answer_by(1, 180);
    CHECK(scene.sent() == "180 pbx");
    scene.answer_by(1, 486);
    CHECK(scene.sent() == "ACK browser1, INVITE browser2, INVITE browser3");
    scene.answer_by(3, 180);
    scene.answer_by(2, 200);
    CHECK(scene.sent() == "180 pbx, 200 pbx, CANCEL browser3");
    scene.answer_by(3, 487);
    CHECK(scene.sent() == "ACK browser3");
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("R32 an INVITE that rang goes on whole, in groups and with its body") {
    ProxyScene scene;
    scene.bind("sip:alice@pbx.test", 1, 1000);
    scene.bind("sip:alice@pbx.test", 2, 500);
    const std::string bytes(request("INVITE", "sip:alice@192.0.2.1", {"X-Once: more"}).bytes());
    scene.arrive(pbx(), *sip::index_message(bytes + "v=0\r\n", sip::Framing::datagram));
    scene.answer(scene.last("INVITE browser1"), 180);
    scene.answer(scene.last("INVITE browser1"), 486);
    CHECK(scene.sent() == "INVITE browser1, 180 pbx, ACK browser1, INVITE browser2");
    const std::string again = scene.last("INVITE browser2").bytes;
    CHECK(again.ends_with("\r\n\r\nv=0\r\n"));
    CHECK(value(again, "X-Once") == "more");
}

TEST_CASE("R32 a 2xx ends the search") {
    SerialScene scene;
    scene.answer_by(1, 200);
    scene.pass(2min);
    CHECK(scene.sent() == "200 pbx");
    CHECK(scene.all_ended());
}

TEST_CASE("R32 a 6xx ends the search") {
    SerialScene scene;
    scene.answer_by(1, 603);
    CHECK(scene.sent() == "ACK browser1, 603 pbx");
}

TEST_CASE("R32 when all have failed, the best of all groups goes up") {
    SerialScene scene;
    scene.answer_by(1, 401);
    scene.answer_by(2, 500);
    scene.answer_by(3, 404);
    CHECK(scene.sent() ==
          "ACK browser1, INVITE browser2, INVITE browser3, ACK browser2, ACK browser3, 401 pbx");
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("R32 a CANCEL ends the search: the next group is not called") {
    SerialScene scene;
    scene.answer_by(1, 180);
    scene.arrive(pbx(), request("CANCEL", "sip:alice@192.0.2.1"));
    CHECK(scene.sent() == "180 pbx, 200 pbx, CANCEL browser1");
    scene.answer_by(1, 487);
    CHECK(scene.sent() == "ACK browser1, 487 pbx");
    scene.pass(2min);
    CHECK(scene.all_ended());
}

TEST_CASE("R25 a target that rings for ever is cancelled by Timer C, and the next is called") {
    SerialScene scene;
    scene.answer_by(1, 180);
    scene.pass(182s);
    CHECK(scene.sent() == "180 pbx, CANCEL browser1");
    scene.answer_by(1, 487);
    CHECK(scene.sent() == "ACK browser1, INVITE browser2, INVITE browser3");
}

TEST_CASE("R32 a target whose connection breaks makes way for the next") {
    SerialScene scene;
    scene.closed(browser(1));
    CHECK(scene.sent() == "INVITE browser2, INVITE browser3");
}

TEST_CASE("R29 each group has the whole Max-Breadth") {
    SerialScene scene;
    CHECK(value(scene.last("INVITE browser1").bytes, "Max-Breadth") == "60");
    scene.answer_by(1, 486);
    CHECK(value(scene.last("INVITE browser2").bytes, "Max-Breadth") == "30");
    CHECK(value(scene.last("INVITE browser3").bytes, "Max-Breadth") == "30");
}

TEST_CASE("R26 a 2xx that comes behind the first group's refusal of another branch wins") {
    ProxyScene scene;
    scene.bind("sip:alice@pbx.test", 1, 1000);
    scene.bind("sip:alice@pbx.test", 2, 1000);
    scene.bind("sip:alice@pbx.test", 3, 500);
    scene.arrive(pbx(), request("INVITE", "sip:alice@192.0.2.1"));
    CHECK(scene.sent() == "INVITE browser1, INVITE browser2");
    scene.answer(scene.last("INVITE browser1"), 486);
    scene.answer(scene.last("INVITE browser2"), 200);
    CHECK(scene.sent() == "ACK browser1, 200 pbx");
}
