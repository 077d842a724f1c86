#include "proxy/proxy_scene.hpp"
#include "proxy/reuse.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::proxy;
using namespace roundabout::proxy::test;
using roundabout::test::request;

namespace {

using config::ReuseInbound;

// A request from the carrier by a connection that it opened itself.
struct FromCarrier {
    explicit FromCarrier(Transport transport, ReuseInbound reuse) {
        config::TrustedServer& carrier = place.config.servers[1];
        carrier.transport = transport;
        carrier.reuse_inbound = reuse;
        carrier.tls_profile = 2;
        inbound.flow = carrier_flow(transport);
        inbound.message = with_via("");
        source = place.server("carrier");
    }

    static Flow carrier_flow(Transport transport) {
        Flow flow = carrier(1);
        flow.transport = transport;
        flow.remote.port = 40'000;
        flow.outgoing = false;
        return flow;
    }

    static sip::Message with_via(const std::string& parameters) {
        return request("OPTIONS", "sip:bob@pbx.test",
                       {"Via: SIP/2.0/TLS carrier.test:5090;branch=z9hG4bK1" + parameters});
    }

    void proves(std::string name) {
        inbound.proved =
            std::make_shared<const SubjectNames>(SubjectNames{{}, {std::move(name)}, {}});
    }

    [[nodiscard]] std::optional<transport::LentFor> asked() const {
        return lent_for(inbound, source, place.config);
    }

    roundabout::test::Place place;
    transport::Inbound inbound;
    routing::Source source;
};

} // namespace

TEST_CASE("R40 by TLS a connection is reused if its peer proved its name and says alias") {
    for (const Transport transport : {Transport::tls, Transport::wss}) {
        FromCarrier from(transport, ReuseInbound::alias);
        from.inbound.message = FromCarrier::with_via(";alias");
        CHECK_FALSE(from.asked());
        from.proves("other.test");
        CHECK_FALSE(from.asked());
        from.proves("carrier.test");
        const auto peer = from.asked();
        REQUIRE(peer);
        CHECK(peer->transport == transport);
        CHECK(peer->remote ==
              *Endpoint::parse("198.51.100.2:5090")); // of its Via: it listens there
        CHECK(peer->tls_profile == 2);
        CHECK(peer->listener == from.inbound.flow.listener);
        from.inbound.message = FromCarrier::with_via("");
        CHECK_FALSE(from.asked());
    }
}

TEST_CASE(
    "R40 where it is configured, a connection is reused without alias, by TLS never unproved") {
    FromCarrier from(Transport::tls, ReuseInbound::always);
    CHECK_FALSE(from.asked());
    from.proves("carrier.test");
    REQUIRE(from.asked());
    CHECK(from.asked()->remote.port == from.place.config.servers[1].port);
    FromCarrier plain(Transport::tcp, ReuseInbound::always);
    CHECK(plain.asked());
    FromCarrier strict(Transport::tcp, ReuseInbound::never);
    strict.inbound.message = FromCarrier::with_via(";alias");
    CHECK_FALSE(strict.asked());
}

TEST_CASE("R40 nobody's connection is reused but a trusted server's own, by its own transport") {
    FromCarrier from(Transport::tcp, ReuseInbound::always);
    CHECK(from.asked());
    from.source = roundabout::test::Place::client();
    CHECK_FALSE(from.asked());
    from.source = from.place.server("carrier");
    from.inbound.flow.outgoing = true;
    CHECK_FALSE(from.asked());
    from.inbound.flow.outgoing = false;
    from.inbound.flow.transport = Transport::ws;
    CHECK_FALSE(from.asked());
}

TEST_CASE("R40 a server's connection is lent once, and forgotten when it closes or fails") {
    ProxyScene scene;
    scene.place.config.servers[1].reuse_inbound = ReuseInbound::always;
    scene.reconfigure();
    const Flow theirs = FromCarrier::carrier_flow(Transport::tcp);
    scene.arrive(theirs, request("MESSAGE", "sip:bob@pbx.test"));
    scene.arrive(theirs, request("INFO", "sip:bob@pbx.test"));
    REQUIRE(scene.network.lent.size() == 1);
    CHECK(scene.network.lent.front().first == theirs);

    scene.arrive(browser(1), request("PUBLISH", "sip:bob@carrier.test"));
    scene.connected(theirs, true);
    scene.send_failed(scene.network.sent.back());
    CHECK(scene.network.forgotten == std::vector<FlowId>{theirs.id}); // R41: not the same one again
    scene.closed(theirs);
    CHECK(scene.network.forgotten.size() == 2);
    scene.connected(carrier(2));
    CHECK(scene.network.sent.back().flow == carrier(2));
}
