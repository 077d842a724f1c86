#include "routing/hop.hpp"
#include "routing/scene_fixture.hpp"
#include "sip/parser.hpp"
#include "sip/values.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::routing;
using namespace roundabout::test;

// Path (RFC 3327) with flow tokens (RFC 5626 §5): what goes up, and the way back that it is.

namespace {

struct Where : roundabout::test::Place {
    [[nodiscard]] PathToken token(std::string_view server = "pbx", bool outbound = false) const {
        PathToken made;
        made.server = tokens.name_hash(server);
        made.outbound = outbound;
        made.place = wss_client();
        return made;
    }
    std::string path(const PathToken& token) {
        return "<sip:" + *tokens.seal_path(token) + "@192.0.2.1:5060;transport=udp;lr;ob>";
    }
    Decision invite(const std::string& routes, const Source& source) {
        return decide(request("INVITE", "sip:c1@x.invalid", {"Route: " + routes}), source);
    }
};

sip::Message sent_register(const std::vector<std::string>& lines, const PathToken& token,
                           std::string_view uri = "sip:pbx.test") {
    Where where;
    HopSide in;
    in.transport = Transport::wss;
    in.place = wss_client();
    HopSide out;
    out.transport = Transport::udp;
    out.reach = out.contact = {"[2001:db8::1]", 5070};
    out.place = where.server_place("pbx");
    Flow in_flow;
    in_flow.transport = Transport::wss;
    in_flow.remote = *Endpoint::parse("203.0.113.9:5062");
    const Decision decision;
    const Target target;
    RequestHop hop{decision, target, in, out, in_flow, {}};
    hop.path = token;
    const auto made =
        forward_request(request("REGISTER", uri, lines), hop, where.tokens, where.keys);
    REQUIRE(made.has_value());
    return *sip::index_message(made->bytes, sip::Framing::datagram);
}

std::vector<std::string> texts(const sip::Message& message, sip::HeaderId id) {
    std::vector<std::string> all;
    for (const sip::ValueAt& value : sip::values(message, id))
        all.emplace_back(value.text);
    return all;
}

} // namespace

TEST_CASE("R12 our URI goes on top of Path, with a token, and the registrar has to know Path") {
    Where where;
    const sip::Message sent = sent_register({"Path: <sip:edge.test;lr>", "Contact: <sip:a@b>"},
                                            where.token("pbx", false));
    const auto paths = texts(sent, sip::HeaderId::path);
    REQUIRE(paths.size() == 2);
    CHECK(paths[1] == "<sip:edge.test;lr>");
    CHECK(paths[0].ends_with("@[2001:db8::1]:5070;transport=udp;lr>"));
    const auto uri = sip::parse_uri(sip::parse_name_addr(paths[0])->uri);
    REQUIRE(uri.has_value());
    const auto opened = where.tokens.open_path(uri->user);
    REQUIRE(opened.has_value());
    CHECK(opened->server == where.tokens.name_hash("pbx"));
    CHECK(opened->place == wss_client());
    CHECK_FALSE(opened->outbound);
    CHECK(texts(sent, sip::HeaderId::contact) == std::vector<std::string>{"<sip:a@b>"});
    CHECK(texts(sent, sip::HeaderId::require) == std::vector<std::string>{"path"});
}

TEST_CASE("Path says ob for a client that uses outbound, sips for a SIPS registrar") {
    Where where;
    const auto paths = [&](bool outbound, std::string_view uri) {
        return texts(sent_register({"Require: gruu, Path"}, where.token("pbx", outbound), uri),
                     sip::HeaderId::path);
    };
    CHECK(paths(true, "sip:pbx.test").front().ends_with(";lr;ob>"));
    CHECK(paths(false, "sips:pbx.test").front().starts_with("<sips:"));
    const sip::Message sent = sent_register({"Require: gruu, Path"}, where.token());
    CHECK(texts(sent, sip::HeaderId::require) == std::vector<std::string>{"gruu", "Path"});
}

TEST_CASE("A request by a client's Path goes to the client, and its R-URI stays") {
    Where where;
    const Decision decision =
        where.invite(where.path(where.token("pbx", true)), where.server("pbx"));
    CHECK(decision.rule == Rule::client_path);
    CHECK(decision.pop_routes == 1);
    REQUIRE(client_of(decision));
    CHECK(client_of(decision)->place == wss_client());
    CHECK(client_of(decision)->outbound);
    CHECK(decision.targets.front().request_uri.empty());
    CHECK_FALSE(decision.in_dialog);
}

TEST_CASE("A Path serves the server that it was issued to, and those that may call its clients") {
    Where where;
    const std::string path = where.path(where.token("pbx"));
    const Decision refused = where.invite(path, where.server("carrier"));
    CHECK(refused.status == 403);
    CHECK(refused.rule == Rule::other_server);
    where.config.servers[0].may_call_clients = {where.server("carrier").server};
    CHECK(client_of(where.invite(path, where.server("carrier"))) != nullptr);
    CHECK(where.invite(where.path(where.token("gone")), where.server("pbx")).status == 403);
}

TEST_CASE("A Path is no way for a client, and admits nobody") {
    Where where;
    const std::string path = where.path(where.token("pbx"));
    const Decision by_client = where.invite(path, Where::client());
    CHECK(client_of(by_client) == nullptr);
    CHECK(by_client.status == 403); // the R-URI names no trusted server
    CHECK(where.invite(path, Where::unknown()).verdict == Decision::Verdict::drop);
}

TEST_CASE("A forged Path is as good as none") {
    Where where;
    std::string path = where.path(where.token("pbx"));
    path[10] = path[10] == 'A' ? 'B' : 'A';
    const Decision decision = where.invite(path, where.server("pbx"));
    CHECK(client_of(decision) == nullptr);
    CHECK(decision.status == 403);
}

TEST_CASE("R15 bare Routes of ours above the Path are popped with it, what is below stays") {
    Where where;
    const std::string path = where.path(where.token("pbx"));
    const Decision decision = where.invite(
        "<sip:192.0.2.1:5060;lr>, " + path + ", <sip:edge.test;lr>", where.server("pbx"));
    CHECK(decision.pop_routes == 2);
    CHECK(client_of(decision) != nullptr);
    CHECK(decision.strict_router.empty());
}

TEST_CASE("R15 a REGISTER that passed us twice comes back twice: each pass pops its own Path") {
    Where where;
    const Decision decision =
        where.invite(where.path(where.token("pbx")) + ", " + where.path(where.token("carrier")),
                     where.server("pbx"));
    CHECK(decision.pop_routes == 1);
    CHECK(client_of(decision) != nullptr);
}

TEST_CASE("A dialog's own token decides before a Path") {
    Where where;
    const std::string own = where.route(where.server_place("carrier"), Side::callee);
    const Decision decision = where.decide(request("BYE", "sip:b@b.test",
                                                   {"To: <sip:b@b.test>;tag=t1", "Route: " + own,
                                                    "Route: " + where.path(where.token())}),
                                           where.server("pbx"));
    CHECK(server_of(decision, where.config) == "carrier");
}

TEST_CASE("A Service-Route is followed, the proxy's own URI above it popped (RFC 3608)") {
    Where where;
    const Decision decision =
        where.decide(request("INVITE", "sip:bob@elsewhere.test",
                             {"Route: <sip:192.0.2.1:5060;lr>, <sip:orig@pbx.test;lr>"}),
                     Where::client());
    CHECK(server_of(decision, where.config) == "pbx");
    CHECK(decision.rule == Rule::foreign_route);
    CHECK(decision.pop_routes == 1);
}
