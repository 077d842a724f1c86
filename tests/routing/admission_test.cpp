#include "routing/scene_fixture.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::routing;
using namespace roundabout::test;

// Who is let in, and what each attack gets (design: Trust).

namespace {

using Where = roundabout::test::Place;
constexpr auto reply = Decision::Verdict::reply;
constexpr auto drop = Decision::Verdict::drop;
constexpr auto forward = Decision::Verdict::forward;

Flow udp_from(std::string_view remote, ListenerIndex listener = 0) {
    Flow flow;
    flow.listener = listener;
    flow.remote = *Endpoint::parse(remote);
    return flow;
}

} // namespace

TEST_CASE("source: a trusted server is recognised by its address, whatever its port") {
    Where where;
    const Source source = identify(udp_from("198.51.100.1:49999"), where.config, where.servers, {});
    CHECK(source.kind == Source::Kind::server);
    CHECK(source.server == 0);
}

TEST_CASE("source: on a listener that serves clients alone a server's address is nobody's") {
    Where where;
    const Source source =
        identify(udp_from("198.51.100.1:5060", 1), where.config, where.servers, {});
    CHECK(source.kind == Source::Kind::unknown);
}

TEST_CASE("source: a client is whoever may register, or has registered over that flow") {
    Where where;
    CHECK(identify(udp_from("203.0.113.5:6000"), where.config, where.servers, {}).kind ==
          Source::Kind::client);
    CHECK(identify(udp_from("192.0.2.77:6000"), where.config, where.servers, {}).kind ==
          Source::Kind::unknown);
    const auto bound = binding("sip:a@pbx.test", "sip:a@x");
    const Source registered =
        identify(udp_from("192.0.2.77:6000"), where.config, where.servers, bound.id);
    CHECK(registered.kind == Source::Kind::client);
    CHECK(registered.binding == bound.id);
    CHECK_FALSE(registered.may_register);
}

TEST_CASE("source: of two servers at one address the one with the flow's transport is meant") {
    Where where;
    where.config.servers[1].hosts = {"198.51.100.1"};
    const config::ServerAddresses servers(where.config, AddressBook{});
    Flow tcp = udp_from("198.51.100.1:5060");
    tcp.transport = Transport::tcp;
    CHECK(identify(tcp, where.config, servers, {}).server == 1);
    CHECK(identify(udp_from("198.51.100.1:5060"), where.config, servers, {}).server == 0);
}

TEST_CASE("R42 source: a server that must prove its name is nobody by its address alone") {
    Where where;
    config::TrustedServer& carrier = where.config.servers[1];
    carrier.transport = Transport::tls;
    carrier.verify_inbound = true;
    Flow flow = udp_from("198.51.100.2:49999");
    flow.transport = Transport::tls;
    const auto who = [&](const SubjectNames* proved) {
        return identify(flow, where.config, where.servers, {}, proved).server;
    };
    const SubjectNames right{{}, {"carrier.test"}, {}};
    const SubjectNames wrong{{}, {"pbx.test", "*.test"}, {flow.remote.address}};
    CHECK(who(&right) == 1);
    CHECK(who(&wrong) == config::no_server);
    CHECK(who(nullptr) == config::no_server);
    flow.outgoing = true; // our own connection to somebody else at that address proves no more
    CHECK(who(&wrong) == config::no_server);
    carrier.tls_name = "sip.carrier.test";
    CHECK(who(&right) == config::no_server);
    // Without the demand a certificate is neither needed nor in the way.
    carrier.verify_inbound = false;
    CHECK(who(nullptr) == 1);
    CHECK(who(&wrong) == 1);
}

TEST_CASE("R42 source: of two servers at one address the one whose name is proved is meant") {
    Where where;
    where.config.servers[0].transport = where.config.servers[1].transport = Transport::tls;
    where.config.servers[1].hosts = {"198.51.100.1"};
    const config::ServerAddresses servers(where.config, AddressBook{});
    Flow flow = udp_from("198.51.100.1:5060");
    flow.transport = Transport::tls;
    const SubjectNames names{{}, {"carrier.test"}, {}};
    CHECK(identify(flow, where.config, servers, {}, &names).server == 1);
    CHECK(identify(flow, where.config, servers, {}, nullptr).server == 0);
}

TEST_CASE("attack: an unknown source gets nothing, or 403 where that is configured") {
    Where where;
    const auto invite = request("INVITE", "sip:b@pbx.test");
    CHECK(where.decide(invite, Where::unknown()).verdict == drop);
    where.config.unknown_source = config::UnknownSource::reject;
    const Decision decision = where.decide(invite, Where::unknown());
    CHECK(decision.verdict == reply);
    CHECK(decision.status == 403);
}

TEST_CASE("attack: OPTIONS and REGISTER from an unknown source are dropped too") {
    Where where;
    CHECK(where.decide(request("OPTIONS", "sip:192.0.2.1"), Where::unknown()).verdict == drop);
    CHECK(where.decide(request("REGISTER", "sip:pbx.test"), Where::unknown()).verdict == drop);
}

TEST_CASE("attack: a token admits only within its own call, with a To tag, unforged") {
    Where where;
    const std::string own = where.route(wss_client(), Side::callee);
    const std::string other = where.route(wss_client(), Side::callee, "call-2");
    std::string forged = own;
    forged[10] = forged[10] == 'A' ? 'B' : 'A';
    const std::string tagged = "To: <sip:b@b.test>;tag=t1";
    const auto bye = [&](const std::string& route, const std::string& to) {
        return where.decide(request("BYE", "sip:b@b.test", {"Route: " + route, to}),
                            Where::unknown());
    };
    CHECK(bye(own, tagged).verdict == forward);
    CHECK(bye(own, tagged).rule == Rule::dialog_route);
    CHECK(bye(own, "To: <sip:b@b.test>").verdict == drop);
    CHECK(bye(other, tagged).verdict == drop);
    CHECK(bye(forged, tagged).verdict == drop);
    CHECK(bye("<sip:192.0.2.1:5060;lr>", tagged).verdict == drop);
}

TEST_CASE("attack: a Contact token alone admits no unknown source") {
    Where where;
    const std::string uri = where.contact(wss_client(), "sip:a@10.0.0.5");
    CHECK(where.decide(request("BYE", uri, {"To: <sip:b@b.test>;tag=t1"}), Where::unknown())
              .verdict == drop);
}

TEST_CASE("attack: a Contact at an inner address is never where a request goes") {
    Where where;
    const std::string uri = where.contact(wss_client(), "sip:x@10.0.0.5:6379");
    const Decision decision =
        where.decide(request("BYE", uri, {"To: <sip:b@b.test>;tag=t1"}), where.server("pbx"));
    REQUIRE(client_of(decision) != nullptr);
    CHECK(client_of(decision)->place == wss_client());
    CHECK(decision.targets.front().request_uri == "sip:x@10.0.0.5:6379");
}

TEST_CASE("attack: strict_host refuses a foreign R-URI and a foreign Route, from anybody") {
    Where where;
    for (const Source& source : {Where::client(), where.server("pbx")}) {
        const Decision uri = where.decide(request("INVITE", "sip:b@evil.test"), source);
        CHECK(uri.status == 403);
        CHECK(uri.rule == Rule::strict_host);
        const Decision route = where.decide(
            request("INVITE", "sip:b@pbx.test", {"Route: <sip:192.0.2.1;lr>, <sip:evil.test;lr>"}),
            source);
        CHECK(route.status == 403);
    }
}

TEST_CASE("attack: a foreign Route behind a forged one of ours is refused all the same") {
    Where where;
    const std::string forged = where.route(wss_client(), Side::callee, "call-2");
    const Decision decision = where.decide(
        request("BYE", "sip:b@pbx.test",
                {"Route: " + forged + ", <sip:evil.test;lr>", "To: <sip:b@b.test>;tag=t"}),
        Where::client());
    CHECK(decision.status == 403);
}

TEST_CASE("attack: REGISTER from where none may, or through a foreign Route, is 403") {
    Where where;
    Source registered = Where::client();
    registered.may_register = false;
    CHECK(where.decide(request("REGISTER", "sip:pbx.test"), registered).rule ==
          Rule::strict_client);
    const auto routed = request("REGISTER", "sip:pbx.test", {"Route: <sip:evil.test;lr>"});
    CHECK(where.decide(routed, Where::client()).status == 403);
    CHECK(where.decide(request("REGISTER", "sip:evil.test"), Where::client()).status == 403);
}

TEST_CASE("attack: a client that names a binding's token is passed to the server, never straight") {
    Where where;
    const auto bound = binding("sip:bob@pbx.test", "sip:bob@x.invalid");
    const auto invite = request("INVITE", "sip:bob@192.0.2.1:5060;rb=" + to_text(bound.id));
    const Decision decision = where.decide(invite, Where::client(), knows_token(bound));
    CHECK(server_of(decision, where.config) == "pbx");
    CHECK(decision.targets.front().request_uri == "sip:bob@pbx.test");
}

TEST_CASE("attack: a server reaches no binding that another one granted, unless that is allowed") {
    Where where;
    const auto bound = binding("sip:bob@pbx.test", "sip:bob@x.invalid");
    const auto invite = request("INVITE", "sip:bob@192.0.2.1:5060;rb=" + to_text(bound.id));
    const Decision refused = where.decide(invite, where.server("carrier"), knows_token(bound));
    CHECK(refused.status == 404);
    CHECK(refused.rule == Rule::other_server);
    where.config.servers[0].may_call_clients = {1};
    CHECK(client_of(where.decide(invite, where.server("carrier"), knows_token(bound))));
    // A REGISTER under way routes for the server that is asked and for nobody else.
    CHECK(where.decide(invite, where.server("carrier"), knows_token(bound, true)).status == 404);
    CHECK(client_of(where.decide(invite, where.server("pbx"), knows_token(bound, true))));
}

TEST_CASE("attack: a binding whose server left the configuration is reached by none") {
    Where where;
    const auto bound = binding("sip:bob@gone.test", "sip:bob@x.invalid", "gone");
    const auto invite = request("INVITE", "sip:bob@192.0.2.1:5060;rb=" + to_text(bound.id));
    CHECK(where.decide(invite, where.server("pbx"), knows_token(bound)).status == 404);
}

TEST_CASE(
    "R22 attack: another call's Contact token brings a client to the server, not to a client") {
    Where where;
    ClientPlace bob = wss_client(9);
    bob.binding = binding("sip:bob@pbx.test", "sip:bob@x").id;
    const std::string uri = where.contact(bob, "sip:bob@x.invalid", "call-2");
    const Decision decision = where.decide(request("INVITE", uri), Where::client());
    CHECK(server_of(decision, where.config) == "pbx");
    CHECK(decision.targets.front().request_uri == uri);
}

TEST_CASE("R22 attack: another call's Contact token is good for the granting server alone") {
    Where where;
    ClientPlace bob = wss_client(9);
    const auto bound = binding("sip:bob@pbx.test", "sip:bob@x.invalid");
    bob.binding = bound.id;
    const auto invite = request("INVITE", where.contact(bob, "sip:bob@x.invalid", "call-2"));
    CHECK(client_of(where.decide(invite, where.server("pbx"), knows_token(bound))));
    CHECK(where.decide(invite, where.server("carrier"), knows_token(bound)).status == 404);
    const auto unbound = request("INVITE", where.contact(wss_client(9), "sip:b@x", "call-2"));
    CHECK(where.decide(unbound, where.server("pbx")).status == 404);
}

TEST_CASE("R43: what comes from a client loses P-Asserted-Identity, what a server says keeps it") {
    Where where;
    const auto invite = request("INVITE", "sip:b@pbx.test");
    CHECK(where.decide(invite, Where::client()).remove_identity);
    CHECK_FALSE(
        where.decide(request("INVITE", "sip:b@carrier.test"), where.server("pbx")).remove_identity);
}
