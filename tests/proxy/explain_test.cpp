#include "proxy/explain.hpp"
#include "proxy/proxy_scene.hpp"
#include "sip/parser.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using roundabout::test::request;

namespace {

struct ExplainScene : ProxyScene {
    /// What is told of it; fails the test if that is not told exactly once.
    Explained told(const sip::Message& message, const Flow& from) {
        std::vector<Explained> all;
        contexts.spawn(explain(loop, services, std::make_shared<const sip::Message>(message), from,
                               [&all](Explained one) { all.push_back(std::move(one)); }));
        loop.run();
        REQUIRE(all.size() == 1);
        return std::move(all.front());
    }
};

/// A message without the rows that are sealed anew each time.
std::string unsealed(const std::string& message) {
    std::string kept;
    std::size_t at = 0;
    while (at < message.size()) {
        const std::size_t end = message.find('\n', at) + 1;
        const std::string line = message.substr(at, end - at);
        at = end;
        if (!line.starts_with("Via: ") && !line.starts_with("Record-Route: ") &&
            !line.starts_with("Contact: "))
            kept += line;
    }
    return kept;
}

} // namespace

TEST_CASE("explain: a request between servers is told as it would leave, and nothing is sent") {
    ExplainScene scene;
    const Flow to = carrier(1);
    scene.network.open[to.id] = to;
    const sip::Message invite = request("INVITE", "sip:bob@pbx.test");
    const Explained told = scene.told(invite, outsider());
    CHECK(told.verdict == Explained::Verdict::drop); // a stranger
    const Explained called = scene.told(invite, to);
    CHECK(called.verdict == Explained::Verdict::forward);
    CHECK(called.source == "trusted server carrier");
    CHECK_FALSE(called.rule.empty());
    REQUIRE(called.targets.size() == 1);
    CHECK(called.targets[0].target == "trusted server pbx");
    CHECK(called.targets[0].problem.empty());
    CHECK(called.targets[0].way == "udp 198.51.100.1:5060");
    CHECK(scene.sent().empty());
    CHECK(scene.all_ended());

    scene.arrive(to, invite);
    const std::string left = scene.last("INVITE pbx").bytes;
    CHECK(unsealed(called.targets[0].message) == unsealed(left));
}

TEST_CASE("explain: a connection that would have to be opened is named, and not opened") {
    ExplainScene scene;
    const Explained told = scene.told(request("INVITE", "sip:bob@carrier.test"), pbx());
    REQUIRE(told.targets.size() == 1);
    CHECK(told.targets[0].way == "by a connection to tcp 198.51.100.2:5070");
    CHECK(told.targets[0].message.starts_with("INVITE sip:bob@carrier.test SIP/2.0\r\n"));
    CHECK(scene.network.dials.empty());
}

TEST_CASE("explain: a place that failed is told as failed, and stays for a real request to try") {
    ExplainScene scene;
    const Candidate place{Transport::tcp, *Endpoint::parse("198.51.100.2:5070")};
    scene.health.know({{"carrier", place, {}}});
    scene.health.failed(place, scene.loop.now(), 10s);
    scene.pass(11s);
    const Explained told = scene.told(request("INVITE", "sip:bob@carrier.test"), pbx());
    REQUIRE(told.targets.size() == 1);
    REQUIRE_FALSE(told.targets[0].places.empty());
    CHECK(told.targets[0].places.back() == "tcp 198.51.100.2:5070, failed a short time ago");
    CHECK(scene.health.may_use(place, scene.loop.now(), true));
}

TEST_CASE("explain: a REGISTER is told with the Contact that the registrar would get") {
    ExplainScene scene;
    const std::size_t before = scene.bindings.size();
    const Explained told =
        scene.told(request("REGISTER", "sip:pbx.test",
                           {"From: <sip:alice@pbx.test>;tag=f", "To: <sip:alice@pbx.test>",
                            "Contact: <sip:c1@x.invalid;transport=ws>", "Expires: 600"}),
                   browser(7));
    CHECK(told.verdict == Explained::Verdict::forward);
    CHECK(told.source == "client that may register");
    REQUIRE(told.targets.size() == 1);
    CHECK(value(told.targets[0].message, "Contact").starts_with("<sip:"));
    CHECK(value(told.targets[0].message, "Contact").find("x.invalid") == std::string::npos);
    CHECK(scene.bindings.size() == before);
    CHECK(scene.bindings.find_by_aor("pbx", "sip:alice@pbx.test").empty());
}

TEST_CASE("explain: each device of a user is a target, with its rank") {
    ExplainScene scene;
    scene.bind("sip:alice@pbx.test", 1);
    scene.bind("sip:alice@pbx.test", 2, 500);
    scene.network.open[browser(1).id] = browser(1);
    scene.network.open[browser(2).id] = browser(2);
    const Explained told = scene.told(request("INVITE", "sip:alice@192.0.2.1"), pbx());
    REQUIRE(told.targets.size() == 2);
    CHECK(told.targets[0].q == 1000);
    CHECK(told.targets[0].problem.empty());
    CHECK(told.targets[1].q == 500);
    CHECK(told.targets[1].problem.empty());
}

TEST_CASE("explain: a device that is away says what would happen") {
    ExplainScene scene;
    scene.bind("sip:alice@pbx.test", 1);
    scene.closed(browser(1));
    const Explained told = scene.told(request("INVITE", "sip:alice@192.0.2.1"), pbx());
    REQUIRE(told.targets.size() == 1);
    CHECK(told.targets[0].problem.find("480") != std::string::npos);
    CHECK(told.targets[0].message.empty());
}

TEST_CASE("explain: what would be answered or is malformed is told with its status") {
    ExplainScene scene;
    const Explained refused =
        scene.told(request("INVITE", "sip:bob@carrier.test", {"Max-Forwards: 0"}), pbx());
    CHECK(refused.verdict == Explained::Verdict::answer);
    CHECK(refused.status == 483);
    const auto wrong = sip::index_message("INVITE sip:bob@carrier.test SIP/2.0\r\nCall-ID: x\r\n"
                                          "CSeq: 1 BYE\r\n\r\n",
                                          sip::Framing::datagram);
    REQUIRE(wrong.has_value());
    const Explained malformed = scene.told(*wrong, pbx());
    CHECK(malformed.verdict == Explained::Verdict::malformed);
    CHECK(malformed.status == 400);
    CHECK(scene.sent().empty());
}
