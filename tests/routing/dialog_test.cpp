#include "routing/scene_fixture.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::routing;
using namespace roundabout::test;

// Requests within dialogs: tokens decide.

namespace {

using Where = roundabout::test::Place;
const std::string tagged = "To: <sip:b@b.test>;tag=t1";

} // namespace

TEST_CASE("R15 two Record-Routes of ours are both popped, the last popped token is the way") {
    Where where;
    const std::string near = where.route(where.server_place("pbx"), Side::callee);
    const std::string far = where.route(wss_client(), Side::caller);
    const Decision decision =
        where.decide(request("BYE", "sip:b@b.test", {"Route: " + near + ", " + far, tagged}),
                     where.server("pbx"));
    CHECK(decision.pop_routes == 2);
    CHECK(decision.rule == Rule::dialog_route);
    REQUIRE(client_of(decision));
    CHECK(client_of(decision)->place == wss_client());
    CHECK(decision.from_side == Side::callee);
    CHECK(decision.in_dialog);
}

TEST_CASE("R15 behind our token a token of another Roundabout of our name stays on") {
    Where where;
    const std::string own = where.route(where.server_place("carrier"), Side::callee);
    const std::string foreign = "<sip:EQGcCWEi_PdwiQ8f6xfo-TL2ixxWDGWz@192.0.2.1:5060;lr>";
    const auto bye = [&](const std::string& routes) {
        return where.decide(request("BYE", "sip:b@b.test", {"Route: " + routes, tagged}),
                            where.server("pbx"));
    };
    const Decision between = bye(own + ", " + foreign + ", " + foreign);
    CHECK(between.pop_routes == 1);
    CHECK(server_of(between, where.config) == "carrier");
    // On top it is as good as none, like a bare one.
    CHECK(bye(foreign + ", " + own).pop_routes == 2);
    CHECK(bye(own + ", <sip:192.0.2.1:5060;lr>").pop_routes == 2);
}

TEST_CASE("R16 an in-dialog R-URI of ours becomes the real remote target again") {
    Where where;
    const std::string uri = where.contact(wss_client(), "sip:a@h.invalid;transport=ws");
    const Decision decision = where.decide(
        request("INFO", uri, {tagged, "Route: " + where.route(wss_client(), Side::caller)}),
        where.server("pbx"));
    CHECK(decision.targets.front().request_uri == "sip:a@h.invalid;transport=ws");
}

TEST_CASE("R13 a GRUU: the Route token decides before the R-URI's domain, which stays") {
    Where where;
    const Decision decision =
        where.decide(request("BYE", "sip:alice@carrier.test;gr=urn:uuid:1",
                             {"Route: " + where.route(wss_client(), Side::caller), tagged}),
                     where.server("pbx"));
    CHECK(client_of(decision) != nullptr);
    CHECK(decision.targets.front().request_uri.empty());
}

TEST_CASE("dialog: a server's token leads to that server at the address that was used") {
    Where where;
    const auto bye =
        request("BYE", "sip:b@b.test",
                {"Route: " + where.route(where.server_place("carrier"), Side::callee), tagged});
    const Decision decision = where.decide(bye, Where::client());
    CHECK(server_of(decision, where.config) == "carrier");
    CHECK(std::get<ToServer>(decision.targets.front().where).address ==
          *IpAddress::parse("198.51.100.2"));
    where.config.servers.erase(where.config.servers.begin() + 1);
    CHECK(where.decide(bye, Where::client()).status == 403);
}

TEST_CASE("R18 a strict router's R-URI of ours is replaced by the last Route") {
    Where where;
    std::string own = where.route(wss_client(), Side::caller);
    own = own.substr(1, own.size() - 2);
    const Decision decision =
        where.decide(request("BYE", own, {"Route: <sip:bob@pbx.test>", tagged}), Where::client());
    CHECK(decision.last_route_to_uri);
    CHECK(decision.targets.front().request_uri == "sip:bob@pbx.test");
    CHECK(server_of(decision, where.config) == "pbx");
}

TEST_CASE("R18 a next hop without lr becomes the R-URI, which becomes the last Route") {
    Where where;
    const auto message =
        request("INVITE", "sip:bob@pbx.test",
                {"Route: <sip:192.0.2.1;lr>, <sip:carrier.test>", "Route: <sip:third.test;lr>"});
    const Decision decision = where.decide(message, Where::client());
    CHECK(server_of(decision, where.config) == "carrier");
    CHECK(decision.strict_router == "sip:carrier.test");
    const auto loose = request("INVITE", "sip:bob@pbx.test", {"Route: <sip:carrier.test;lr>"});
    CHECK(where.decide(loose, Where::client()).strict_router.empty());
}

TEST_CASE("R18 a server's own first route without lr is a strict router too") {
    Where where;
    where.config.servers[2].routes = {"sip:198.51.100.4:5070", "sip:198.51.100.5;lr"};
    const Decision decision = where.decide(request("INVITE", "sip:bob@edge.test"), Where::client());
    CHECK(server_of(decision, where.config) == "edge");
    const Target& target = decision.targets.front();
    CHECK(target.request_uri == "sip:198.51.100.4:5070");
    CHECK(target.add_routes ==
          std::vector<std::string>{"<sip:198.51.100.5;lr>", "<sip:bob@edge.test>"});
}

TEST_CASE("dialog: a Route of the server's between ours stays, one layer is unwrapped") {
    Where where;
    const std::string outer = where.route(where.server_place("pbx"), Side::caller);
    const std::string inner = where.route(wss_client(1), Side::caller);
    const std::string wrapped = where.contact(wss_client(1), "sip:a@h.invalid");
    const std::string twice = where.contact(where.server_place("pbx"), wrapped);
    const Decision decision = where.decide(
        request("BYE", twice, {"Route: " + outer + ", <sip:pbx.test;lr>, " + inner, tagged}),
        Where::client());
    CHECK(decision.pop_routes == 1);
    CHECK(server_of(decision, where.config) == "pbx");
    CHECK(decision.targets.front().request_uri == wrapped);
}

TEST_CASE("dialog: where no Route is left every layer is unwrapped, four at most") {
    Where where;
    std::string uri = "sip:a@h.invalid";
    std::vector<std::string> layers;
    for (int i = 0; i < 6; ++i) {
        layers.push_back(uri);
        uri = where.contact(wss_client(static_cast<std::uint64_t>(i)), uri);
    }
    const std::string route = where.route(wss_client(), Side::caller);
    const auto left = [&](int wraps) {
        std::string top = "sip:a@h.invalid";
        for (int i = 0; i < wraps; ++i)
            top = where.contact(wss_client(static_cast<std::uint64_t>(i)), top);
        return where.decide(request("BYE", top, {"Route: " + route, tagged}), where.server("pbx"))
            .targets.front()
            .request_uri;
    };
    CHECK(left(1) == layers[0]);
    CHECK(left(4) == layers[0]);
    CHECK(left(6) == layers[2]);
}

TEST_CASE("dialog: a peer that keeps no Route is found by the token in the R-URI") {
    Where where;
    const std::string uri = where.contact(wss_client(), "sip:a@h.invalid");
    const Decision decision = where.decide(request("BYE", uri, {tagged}), where.server("pbx"));
    CHECK(decision.rule == Rule::dialog_contact);
    REQUIRE(client_of(decision));
    CHECK(client_of(decision)->place == wss_client());
}

TEST_CASE("dialog: a token in the R-URI is found by its name in any case, in every layer") {
    Where where;
    const auto upper = [](std::string uri) { return uri.replace(uri.find(";rb="), 4, ";RB="); };
    const std::string inner = upper(where.contact(wss_client(1), "sip:a@h.invalid;x=rb="));
    const std::string uri = upper(where.contact(wss_client(2), inner));
    const std::string route = where.route(wss_client(), Side::caller);
    const Decision decision =
        where.decide(request("BYE", uri, {"Route: " + route, tagged}), where.server("pbx"));
    CHECK(decision.targets.front().request_uri == "sip:a@h.invalid;x=rb=");
}

TEST_CASE("dialog: Routes of one host at several ports are ours where that port is") {
    Where where;
    const std::string ours = where.route(wss_client(), Side::caller);
    const std::string stranger = "<sip:192.0.2.1:5999;lr>";
    const Decision decision =
        where.decide(request("BYE", "sip:a@h.invalid",
                             {"Route: " + ours + ", " + stranger + ", " + ours, tagged}),
                     where.server("pbx"));
    CHECK(decision.pop_routes == 1);
}
