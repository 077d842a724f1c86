#include "proxy/proxy_scene.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using roundabout::test::request;

namespace {

/// alice has two browsers; the INVITE from pbx has gone to both.
struct ForkScene : ProxyScene {
    ForkScene() {
        bind("sip:alice@pbx.test", 1);
        bind("sip:alice@pbx.test", 2);
        arrive(pbx(), request("INVITE", "sip:alice@192.0.2.1"));
        // in whatever order
        CHECK(sent().size() == std::string("INVITE browser1, INVITE browser2").size());
    }
    void answer_by(int browser, std::uint16_t status) {
        answer(last("INVITE browser" + std::to_string(browser)), status);
    }
};

} // namespace

TEST_CASE("A user with two devices is called on both, each with its own URI and branch") {
    ForkScene scene;
    const FakeNetwork::Sent& first = scene.last("INVITE browser1");
    const FakeNetwork::Sent& second = scene.last("INVITE browser2");
    CHECK(first.bytes.starts_with("INVITE sip:c1@x.invalid;transport=ws "));
    CHECK(second.bytes.starts_with("INVITE sip:c2@x.invalid;transport=ws "));
    CHECK(branch_of(first) != branch_of(second));
    CHECK(scene.unanswered == 1);
}

TEST_CASE("The provisional responses of all branches go up") {
    ForkScene scene;
    scene.answer_by(1, 180);
    scene.answer_by(2, 183);
    CHECK(scene.sent() == "180 pbx, 183 pbx");
}

TEST_CASE("The first 2xx goes up and cancels the others, whose ends stay here") {
    ForkScene scene;
    scene.answer_by(2, 100);
    scene.answer_by(1, 200);
    CHECK(scene.sent() == "200 pbx, CANCEL browser2");
    scene.answer(scene.last("CANCEL browser2"), 200);
    scene.answer_by(2, 487);
    CHECK(scene.sent() == "ACK browser2");
    scene.pass(2min);
    CHECK(scene.sent().empty());
    CHECK(scene.all_ended());
}

TEST_CASE("R20 a branch that has said nothing is cancelled once it does") {
    ForkScene scene;
    scene.answer_by(1, 200);
    CHECK(scene.sent() == "200 pbx");
    scene.answer_by(2, 180);
    CHECK(scene.sent() == "CANCEL browser2");
}

TEST_CASE("R26 the 2xx of a second branch goes up as well") {
    ForkScene scene;
    scene.answer_by(1, 200);
    scene.answer_by(2, 200);
    CHECK(scene.sent() == "200 pbx, 200 pbx");
}

TEST_CASE("R32 when all branches have refused, the best refusal goes up") {
    ForkScene scene;
    scene.answer_by(1, 486);
    CHECK(scene.sent() == "ACK browser1");
    scene.answer_by(2, 401);
    CHECK(scene.sent() == "ACK browser2, 401 pbx");
    CHECK(scene.unanswered == 0);
}

TEST_CASE("R32 a 6xx cancels the others and goes up when they have ended") {
    ForkScene scene;
    scene.answer_by(2, 180);
    scene.answer_by(1, 603);
    CHECK(scene.sent() == "180 pbx, ACK browser1, CANCEL browser2");
    scene.answer_by(2, 487);
    CHECK(scene.sent() == "ACK browser2, 603 pbx");
}

TEST_CASE("A CANCEL goes to every branch, and one 487 comes back") {
    ForkScene scene;
    scene.answer_by(1, 100);
    scene.answer_by(2, 100);
    scene.arrive(pbx(), request("CANCEL", "sip:alice@192.0.2.1"));
    CHECK(scene.sent() == "200 pbx, CANCEL browser1, CANCEL browser2");
    scene.answer_by(2, 487);
    scene.answer_by(1, 487);
    CHECK(scene.sent() == "ACK browser2, ACK browser1, 487 pbx");
}

TEST_CASE("A branch whose connection breaks counts as 480, the other goes on") {
    ForkScene scene;
    scene.closed(browser(1));
    CHECK(scene.sent().empty());
    scene.answer_by(2, 200);
    CHECK(scene.sent() == "200 pbx");
}

TEST_CASE("R10 a device whose connection is gone is not forked to") {
    ProxyScene scene;
    scene.bind("sip:alice@pbx.test", 1);
    scene.bind("sip:alice@pbx.test", 2);
    scene.closed(browser(1));
    scene.arrive(pbx(), request("INVITE", "sip:alice@192.0.2.1"));
    CHECK(scene.sent() == "INVITE browser2");
}

TEST_CASE("R32 the challenges of all branches are in the one that goes up") {
    ForkScene scene;
    scene.answer(scene.last("INVITE browser1"), 407,
                 "Proxy-Authenticate: Digest realm=\"one\"\r\n");
    scene.answer(scene.last("INVITE browser2"), 401,
                 "WWW-Authenticate: Digest realm=\"two\"\r\n"
                 "WWW-Authenticate: Digest realm=\"three\"\r\n");
    CHECK(scene.sent() == "ACK browser1, ACK browser2, 407 pbx");
    const std::string& up = scene.last("407 pbx").bytes;
    const std::size_t one = up.find("Proxy-Authenticate: Digest realm=\"one\"\r\n");
    const std::size_t two = up.find("WWW-Authenticate: Digest realm=\"two\"\r\n");
    const std::size_t three = up.find("WWW-Authenticate: Digest realm=\"three\"\r\n");
    REQUIRE(three != std::string::npos);
    CHECK(one < two);
    CHECK(two < three);
}

TEST_CASE("R32 a refusal that is no challenge carries nobody's challenges") {
    ForkScene scene;
    scene.answer(scene.last("INVITE browser1"), 407,
                 "Proxy-Authenticate: Digest realm=\"one\"\r\n");
    scene.answer_by(2, 603);
    CHECK(scene.last("603 pbx").bytes.find("Proxy-Authenticate") == std::string::npos);
}

TEST_CASE("R29 Max-Breadth is divided among the branches, 60 where none came") {
    ForkScene scene;
    CHECK(value(scene.last("INVITE browser1").bytes, "Max-Breadth") == "30");
    CHECK(value(scene.last("INVITE browser2").bytes, "Max-Breadth") == "30");
    const std::vector<std::string> three{"Max-Breadth: 3", via("z9hG4bKother"), "Call-ID: other"};
    scene.arrive(pbx(), request("INVITE", "sip:alice@192.0.2.1", three));
    const std::string first = value(scene.last("INVITE browser1").bytes, "Max-Breadth");
    const std::string second = value(scene.last("INVITE browser2").bytes, "Max-Breadth");
    CHECK((first == "2" ? second == "1" : first == "1" && second == "2"));
}

TEST_CASE("R29 a fork that Max-Breadth does not allow is answered 440, and nobody rings") {
    ProxyScene scene;
    scene.bind("sip:alice@pbx.test", 1);
    scene.bind("sip:alice@pbx.test", 2);
    scene.arrive(pbx(), request("INVITE", "sip:alice@192.0.2.1", {"Max-Breadth: 1"}));
    CHECK(scene.sent() == "440 pbx");
    CHECK(scene.last("440 pbx").bytes.starts_with("SIP/2.0 440 Max-Breadth Exceeded\r\n"));
}
