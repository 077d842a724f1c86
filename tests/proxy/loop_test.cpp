#include "proxy/proxy_scene.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using roundabout::test::request;

// Requests that come back (RFC 3261 §16.3 step 4, RFC 5393; R29).

namespace {

/// What pbx makes of a request that it got from us when it sends it on as a proxy: its own Via on
/// top, ours stamped, one hop less, `uri` in place of the R-URI if given.
std::string sent_on(const FakeNetwork::Sent& sent, const std::string& branch,
                    const std::string& uri = {}) {
    std::string text = sent.bytes;
    const auto swap = [&text](const std::string& from, const std::string& to) {
        const std::size_t at = text.find(from);
        REQUIRE(at != std::string::npos);
        text.replace(at, from.size(), to);
    };
    swap("\r\nVia: ", "\r\nVia: SIP/2.0/UDP 198.51.100.1:5060;branch=" + branch + "\r\nVia: ");
    const std::string own = branch_of(sent);
    swap(own, own + ";received=192.0.2.1");
    const std::string hops = value(text, "Max-Forwards");
    swap("Max-Forwards: " + hops, "Max-Forwards: " + std::to_string(std::stoi(hops) - 1));
    if (!uri.empty())
        text.replace(text.find(' ') + 1, text.find(" SIP/2.0") - text.find(' ') - 1, uri);
    return text;
}

} // namespace

TEST_CASE("R29 a server that sends a request back as it came gets 482 when it does it again") {
    ProxyScene scene;
    scene.arrive(browser(1), request("INVITE", "sip:bob@pbx.test"));
    CHECK(scene.sent() == "INVITE pbx");
    // From the server it might have gone elsewhere than from the client, so this is no loop yet.
    scene.arrive(pbx(), sent_on(scene.last("INVITE pbx"), "z9hG4bKback1"));
    CHECK(scene.sent() == "INVITE pbx");
    scene.arrive(pbx(), sent_on(scene.last("INVITE pbx"), "z9hG4bKback2"));
    CHECK(scene.sent() == "482 pbx");
    CHECK(scene.last("482 pbx").bytes.starts_with("SIP/2.0 482 Loop Detected\r\n"));
    CHECK(scene.counters.loops.value() == 1);
    CHECK(scene.measures.answered.value(static_cast<std::size_t>(routing::Rule::loop)) == 1);
}

TEST_CASE("R29 a spiral passes: the call to a registered client comes back with another R-URI") {
    ProxyScene scene;
    const registration::Binding bound = scene.bind("sip:alice@pbx.test", 2);
    scene.arrive(browser(1), request("INVITE", "sip:alice@pbx.test"));
    const std::string contact = "sip:c2@192.0.2.1:5060;rb=" + routing::to_text(bound.id);
    scene.arrive(pbx(), sent_on(scene.last("INVITE pbx"), "z9hG4bKback", contact));
    CHECK(scene.sent() == "INVITE pbx, INVITE browser2");
    scene.answer(scene.last("INVITE browser2"), 200);
    CHECK(scene.sent() == "200 pbx");
}

TEST_CASE("R29 an ACK that loops is dropped and never answered") {
    ProxyScene scene;
    const auto ack = request("ACK", "sip:bob@pbx.test", {"To: <sip:b@b.test>;tag=t"});
    scene.arrive(pbx(), ack);
    CHECK(scene.sent() == "ACK pbx");
    scene.arrive(pbx(), sent_on(scene.last("ACK pbx"), "z9hG4bKback"));
    CHECK(scene.sent().empty());
}
