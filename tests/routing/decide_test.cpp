#include "routing/scene_fixture.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::routing;
using namespace roundabout::test;

// Where a request outside of dialogs goes.

namespace {

using Where = roundabout::test::Place;
constexpr auto forward = Decision::Verdict::forward;

} // namespace

TEST_CASE("R31 Max-Forwards of 0 is answered 483, and OPTIONS to us with 200 all the same") {
    Where where;
    const auto invite = request("INVITE", "sip:b@pbx.test", {"Max-Forwards: 0"});
    CHECK(where.decide(invite, Where::client()).status == 483);
    const auto options = request("OPTIONS", "sip:192.0.2.1:5060", {"Max-Forwards: 0"});
    CHECK(where.decide(options, Where::client()).status == 200);
    CHECK(where.decide(request("OPTIONS", "sip:proxy.test"), where.server("pbx")).status == 200);
}

TEST_CASE("R33 a foreign URI scheme is 416, an unknown Proxy-Require 420 with its names") {
    Where where;
    CHECK(where.decide(request("INVITE", "tel:+15551234"), Where::client()).status == 416);
    const auto invite = request("INVITE", "sip:b@pbx.test",
                                {"Proxy-Require: foo, bar", "Proxy-Require: baz", "Require: qux"});
    const Decision decision = where.decide(invite, Where::client());
    CHECK(decision.status == 420);
    CHECK(decision.headers == "Unsupported: foo, bar, baz\r\n");
}

TEST_CASE("trunk: an R-URI that names a server by domain or address leaves by that server") {
    Where where;
    for (const auto* uri : {"sip:b@carrier.test", "sip:b@CARRIER.test:9999", "sip:carrier.test",
                            "sip:b@198.51.100.2:5070"}) {
        CAPTURE(uri);
        const Decision decision = where.decide(request("INVITE", uri), where.server("pbx"));
        CHECK(decision.verdict == forward);
        CHECK(server_of(decision, where.config) == "carrier");
        CHECK(decision.targets.front().request_uri.empty());
        CHECK(decision.rule == Rule::server_domain);
    }
}

TEST_CASE("R15 a bare top Route of ours is popped, and the next one names the hop") {
    Where where;
    const Decision decision =
        where.decide(request("INVITE", "sip:b@elsewhere.test",
                             {"Route: <sip:proxy.test;lr>",
                              "Route: <sip:192.0.2.1:5060;lr>, <sip:pbx.test;lr>"}),
                     Where::client());
    CHECK(decision.verdict == forward);
    CHECK(decision.pop_routes == 2);
    CHECK(server_of(decision, where.config) == "pbx");
    CHECK(decision.rule == Rule::foreign_route);
}

TEST_CASE("trunk: a server's routes are put on in order, but not above a Route of the sender's") {
    Where where;
    const Decision decision =
        where.decide(request("INVITE", "sip:b@edge.test"), where.server("pbx"));
    CHECK(decision.targets.front().add_routes ==
          std::vector<std::string>{"<sip:198.51.100.4:5070;transport=tcp;lr>",
                                   "<sip:198.51.100.5;lr>"});
    CHECK(decision.targets.front().request_uri.empty());
    const Decision routed = where.decide(
        request("INVITE", "sip:b@edge.test", {"Route: <sip:edge.test;lr>"}), where.server("pbx"));
    CHECK(routed.targets.front().add_routes.empty());
}

TEST_CASE("R11 a client that names us is passed to the default server under its first domain") {
    Where where;
    const auto invite = request("INVITE", "sip:bob:pw@192.0.2.1:5060;transport=udp;user=phone");
    const Decision decision = where.decide(invite, Where::client());
    CHECK(server_of(decision, where.config) == "pbx");
    CHECK(decision.rule == Rule::default_server);
    CHECK(decision.targets.front().request_uri == "sip:bob:pw@pbx.test;user=phone");
    const Decision registering =
        where.decide(request("REGISTER", "sip:proxy.test"), Where::client());
    CHECK(registering.rule == Rule::register_default);
    CHECK(registering.targets.front().request_uri == "sip:pbx.test");
    const Decision named = where.decide(request("REGISTER", "sip:carrier.test"), Where::client());
    CHECK(server_of(named, where.config) == "carrier");
    CHECK(named.targets.front().request_uri.empty());
}

TEST_CASE("a listener's own default server goes before the general one; with none it is 404") {
    Where where;
    const auto invite = request("INVITE", "sip:bob@proxy.test");
    where.config.listeners[0].default_server = 1;
    CHECK(server_of(where.decide(invite, Where::client()), where.config) == "carrier");
    where.config.listeners[0].default_server = config::no_server;
    where.config.default_server = config::no_server;
    CHECK(where.decide(invite, Where::client()).rule == Rule::no_default);
}

TEST_CASE("a server that names us is never passed on to the default server") {
    Where where;
    const auto invite = request("INVITE", "sip:bob@proxy.test");
    CHECK(where.decide(invite, where.server("pbx"), knows({})).status == 404);
    CHECK(where.decide(request("MESSAGE", "sip:proxy.test"), where.server("pbx")).status == 404);
}

TEST_CASE("R9 a token that is there but unknown is 404, never a guess by user") {
    Where where;
    Facts none;
    none.asked_binding = true;
    const auto bound = binding("sip:bob@pbx.test", "sip:bob@x.invalid");
    const auto known = request("INVITE", "sip:bob@proxy.test;rb=" + to_text(bound.id));
    const auto asked = where.ask(known, where.server("pbx"));
    REQUIRE(std::holds_alternative<Need>(asked));
    CHECK(std::get<NeedBinding>(std::get<Need>(asked)).id == bound.id);
    CHECK(where.decide(known, where.server("pbx"), none).status == 404);
    const auto garbage = request("INVITE", "sip:bob@proxy.test;rb=zzzz");
    CHECK(where.decide(garbage, where.server("pbx")).status == 404);
}

TEST_CASE("client: by token the R-URI becomes the client's own Contact, byte for byte") {
    Where where;
    const auto bound = binding("sip:bob@pbx.test", "sip:B%6fb@x.invalid;transport=ws;ob");
    const auto invite = request("INVITE", "sip:bob@proxy.test;rb=" + to_text(bound.id));
    const Decision decision = where.decide(invite, where.server("pbx"), knows_token(bound));
    REQUIRE(client_of(decision));
    CHECK(decision.targets.front().request_uri == bound.contact_uri);
    CHECK(client_of(decision)->place.flow == bound.flow.id);
    CHECK(client_of(decision)->place.binding == bound.id);
}

TEST_CASE("client: the headers of a Contact URI never reach a Request-URI") {
    Where where;
    const auto bound = binding("sip:bob@pbx.test", "sip:bob?x@h.invalid;a=b?Route=%3Csip:evil%3E");
    const auto invite = request("INVITE", "sip:bob@proxy.test;rb=" + to_text(bound.id));
    const Decision decision = where.decide(invite, where.server("pbx"), knows_token(bound));
    CHECK(decision.targets.front().request_uri == "sip:bob?x@h.invalid;a=b");
}

TEST_CASE("R9 without token: the server's own bindings are asked for by unescaped user") {
    Where where;
    const auto asked = where.ask(request("INVITE", "sip:b%6fb@proxy.test"), where.server("pbx"));
    REQUIRE(std::holds_alternative<Need>(asked));
    const auto& need = std::get<NeedUser>(std::get<Need>(asked));
    CHECK(need.server == "pbx");
    CHECK(need.user == "bob");
}

TEST_CASE("R9 without token: devices of one AOR are forked to, a user of several AORs is 485") {
    Where where;
    const auto invite = request("INVITE", "sip:s@proxy.test");
    const auto one = binding("sip:bob@pbx.test", "sip:s@1", "pbx", 1);
    const auto two = binding("sip:bob@pbx.test", "sip:s@2", "pbx", 2);
    const auto other = binding("sip:ann@pbx.test", "sip:s@3", "pbx", 3);
    CHECK(where.decide(invite, where.server("pbx"), knows({one, two})).targets.size() == 2);
    const Decision ambiguous = where.decide(invite, where.server("pbx"), knows({one, other}));
    CHECK(ambiguous.status == 485);
    // The AOR's own user goes before a Contact that merely has the same one.
    const auto own = binding("sip:s@pbx.test", "sip:x@4", "pbx", 4);
    const Decision preferred = where.decide(invite, where.server("pbx"), knows({one, own, other}));
    REQUIRE(preferred.targets.size() == 1);
    CHECK(preferred.targets.front().request_uri == "sip:x@4");
}

TEST_CASE("R10 without token: a device whose flow died drops out of the fork") {
    Where where;
    const auto invite = request("INVITE", "sip:bob@proxy.test");
    const auto live = binding("sip:bob@pbx.test", "sip:b@1", "pbx", 1);
    auto ghost = binding("sip:bob@pbx.test", "sip:b@2", "pbx", 2);
    ghost.reachable = false;
    const Decision decision = where.decide(invite, where.server("pbx"), knows({ghost, live}));
    REQUIRE(decision.targets.size() == 1);
    CHECK(decision.targets.front().request_uri == "sip:b@1");
    // Alone it is still the target: whoever sends finds out and answers 480, not 404.
    CHECK(where.decide(invite, where.server("pbx"), knows({ghost})).targets.size() == 1);
}

TEST_CASE("contact_match = token switches the guess by user off") {
    Where where;
    where.config.servers[0].token_only = true;
    CHECK(where.decide(request("INVITE", "sip:bob@proxy.test"), where.server("pbx")).status == 404);
}

TEST_CASE("strict_host off: unconfigured hosts by default_transport, the URI's own word first") {
    Where where;
    where.config.strict_host = false;
    const auto target = [&](std::string_view uri) {
        const Decision decision = where.decide(request("INVITE", uri), Where::client());
        REQUIRE(decision.rule == Rule::open_host);
        return std::get<ToHost>(decision.targets.front().where).sought;
    };
    CHECK(target("sip:b@Host.test").host == "host.test");
    CHECK(target("sip:b@host.test").fallback == Transport::tcp);
    CHECK_FALSE(target("sip:b@host.test").transport);
    CHECK_FALSE(target("sip:b@host.test").port);
    CHECK(target("sip:b@host.test").spoken.has(Transport::udp));
    CHECK(target("sip:b@[2001:db8::1]").host == "2001:db8::1");
    CHECK(target("sip:b@host.test:7000;transport=udp").transport == Transport::udp);
    CHECK(target("sip:b@host.test:7000;transport=udp").port == 7000);
    CHECK(target("sips:b@host.test").secure);
}

TEST_CASE("ack_target = to: only an ACK with neither Route nor token goes by its To") {
    Where where;
    where.config.ack_target = config::AckTarget::to;
    const std::string to = "To: <sip:b@carrier.test>;tag=t1";
    const Decision by_to = where.decide(request("ACK", "sip:b@pbx.test", {to}), Where::client());
    CHECK(server_of(by_to, where.config) == "carrier");
    CHECK(by_to.targets.front().request_uri.empty());
    const auto routed = request("ACK", "sip:b@pbx.test", {to, "Route: <sip:pbx.test;lr>"});
    CHECK(server_of(where.decide(routed, Where::client()), where.config) == "pbx");
    const auto invite = request("INVITE", "sip:b@pbx.test", {to});
    CHECK(server_of(where.decide(invite, Where::client()), where.config) == "pbx");
    where.config.ack_target = config::AckTarget::ruri;
    CHECK(server_of(where.decide(request("ACK", "sip:b@pbx.test", {to}), Where::client()),
                    where.config) == "pbx");
}

TEST_CASE("each rule has words of its own for the log") {
    for (int i = 1; i <= static_cast<int>(Rule::unresolved); ++i)
        CHECK(words(static_cast<Rule>(i)) != words(Rule::none));
}
