#include "routing/hop.hpp"
#include "routing/scene_fixture.hpp"
#include "sip/parser.hpp"
#include "sip/values.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::routing;
using namespace roundabout::test;

// What a hop changes in a message, and what it leaves.

namespace {

using Where = roundabout::test::Place;

struct Sides {
    HopSide in, out;
    Flow in_flow;

    explicit Sides(const Where& where) {
        in.transport = Transport::udp;
        in.reach = in.contact = {"192.0.2.1", 5060};
        in.place = where.server_place("pbx");
        out.transport = Transport::wss;
        out.reach = out.contact = {"192.0.2.1", 8443};
        out.place = wss_client();
        in_flow.remote = *Endpoint::parse("203.0.113.9:5062");
    }
};

sip::Message index(std::string text) {
    return *sip::index_message(std::move(text), sip::Framing::datagram);
}

std::string send(const sip::Message& message, Where& where, const Sides& sides,
                 Decision decision = {}, Target target = {}) {
    const RequestHop hop{decision, target, sides.in, sides.out, sides.in_flow, {}};
    return forward_request(message, hop, where.tokens, where.keys)->bytes;
}

std::string contact_of(const sip::Message& message) {
    const auto value = sip::first_value(message, sip::HeaderId::contact);
    return value ? std::string(sip::parse_name_addr(*value)->uri) : std::string();
}

const std::string ok = "SIP/2.0 200 OK\r\nVia: SIP/2.0/WSS 192.0.2.1:8443;branch=z9hG4bKx\r\n"
                       "Via: SIP/2.0/UDP 203.0.113.9\r\nFrom: <sip:a@a>;tag=1\r\n"
                       "To: <sip:b@b>;tag=2\r\nCall-ID: call-1\r\nCSeq: 1 INVITE\r\n"
                       "Contact: <sip:b@h.invalid;transport=ws>;q=0.5\r\n"
                       "P-Asserted-Identity: <sip:b@b>\r\n\r\n";

std::string back(std::string text, sip::Method method, Where& where, const Sides& sides,
                 bool trusted = true, std::uint16_t status = 0) {
    const Decision decision;
    const ResponseHop hop{decision, method, sides.in, sides.out.place, trusted, status, {}};
    return forward_response(index(std::move(text)), hop, where.tokens).bytes;
}

} // namespace

TEST_CASE("hop: a MESSAGE leaves with our Via, one hop less, and nothing else changed") {
    Where where;
    const Sides sides(where);
    const auto message = request("MESSAGE", "sip:b@b.test", {"X-Odd:  as it, is \t", "Subject: s"});
    std::string expected(message.bytes());
    const auto swap = [&](std::string_view from, const std::string& to) {
        expected.replace(expected.find(from), from.size(), to);
    };
    const std::string sent = send(message, where, sides);
    const std::string branch(sip::top_via(index(sent))->branch());
    swap("Max-Forwards: 70", "Max-Forwards: 69");
    swap("Via: SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bKorig",
         "Via: SIP/2.0/WSS 192.0.2.1:8443;branch=" + branch +
             "\r\nVia: SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bKorig;received=203.0.113.9");
    expected.insert(expected.size() - 2, "Content-Length: 0\r\n");
    CHECK(sent == expected);
}

TEST_CASE("R14 dialog-forming methods get two Record-Routes, the outgoing side on top") {
    Where where;
    const Sides sides(where);
    for (const auto* method : {"INVITE", "SUBSCRIBE", "REFER", "NOTIFY"}) {
        CAPTURE(method);
        const auto sent = index(send(request(method, "sip:b@b.test"), where, sides));
        const auto rows = sip::values(sent, sip::HeaderId::record_route);
        REQUIRE(rows.size() == 2);
        const auto top = *sip::parse_uri(sip::parse_name_addr(rows[0].text)->uri);
        const auto below = *sip::parse_uri(sip::parse_name_addr(rows[1].text)->uri);
        CHECK(top.host_port == "192.0.2.1:8443");
        CHECK(top.parameters == "transport=ws;lr");
        CHECK(below.host_port == "192.0.2.1:5060");
        CHECK(below.parameters == "transport=udp;lr");
        const auto callee = where.tokens.open_route(top.user, "call-1");
        const auto caller = where.tokens.open_route(below.user, "call-1");
        REQUIRE((callee && caller));
        CHECK(callee->place == sides.out.place);
        CHECK(callee->side == Side::callee);
        CHECK(caller->place == sides.in.place);
        CHECK(caller->side == Side::caller);
    }
    for (const auto* method : {"MESSAGE", "OPTIONS", "PUBLISH", "BYE", "UPDATE"}) {
        const auto sent = index(send(request(method, "sip:b@b.test"), where, sides));
        CHECK_FALSE(sent.has(sip::HeaderId::record_route));
    }
}

TEST_CASE("R45 from IPv4 to IPv6 each side is named by an address of its own family") {
    Where where;
    Sides sides(where);
    sides.out.reach = sides.out.contact = {"[2001:db8::1]", 8443};
    sides.in_flow.remote = *Endpoint::parse("[2001:db8::9]:5062");
    const std::string line = "Contact: <sip:a@203.0.113.9:5062>";
    const std::string bytes = send(request("INVITE", "sip:b@b.test", {line}), where, sides);
    const auto sent = index(bytes);
    CHECK_FALSE(sip::check_message(sent).has_value());
    const auto rows = sip::values(sent, sip::HeaderId::record_route);
    REQUIRE(rows.size() == 2);
    const auto host = [](std::string_view value) {
        return std::string(sip::parse_uri(sip::parse_name_addr(value)->uri)->host_port);
    };
    CHECK(host(rows[0].text) == "[2001:db8::1]:8443");
    CHECK(host(rows[1].text) == "192.0.2.1:5060");
    CHECK(sip::top_via(sent)->sent_by == "[2001:db8::1]:8443");
    CHECK(contact_of(sent).starts_with("sip:a@[2001:db8::1]:8443;"));
    CHECK(bytes.find(";received=2001:db8::9\r\n") != std::string::npos);
}

TEST_CASE("R16 a Contact that sets a target is wrapped in requests and in 1xx and 2xx") {
    Where where;
    const Sides sides(where);
    const std::string line = "Contact: <sip:a@203.0.113.9:5062>;expires=60";
    for (const auto* method : {"INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER"}) {
        CAPTURE(method);
        const auto sent = index(send(request(method, "sip:b@b.test", {line}), where, sides));
        const auto uri = contact_of(sent);
        CHECK(uri.starts_with("sip:a@192.0.2.1:8443;transport=ws;rb="));
        const auto token =
            where.tokens.open_contact(*sip::parse_uri(uri)->parameter("rb"), "call-1");
        REQUIRE(token.has_value());
        CHECK(token->uri == "sip:a@203.0.113.9:5062");
        CHECK(token->place == sides.in.place);
        CHECK(std::string(sent.bytes()).find(">;expires=60\r\n") != std::string::npos);
    }
    const auto message = index(send(request("MESSAGE", "sip:b@b.test", {line}), where, sides));
    CHECK(contact_of(message) == "sip:a@203.0.113.9:5062");
    const auto answer = index(back(ok, sip::Method::invite, where, sides));
    CHECK(contact_of(answer).starts_with("sip:b@192.0.2.1:5060;transport=udp;rb="));
}

TEST_CASE("R16 the Contacts of 3xx and 485, and those of OPTIONS, stay") {
    Where where;
    const Sides sides(where);
    for (const auto* status : {"302 Moved", "485 Ambiguous"}) {
        std::string text = ok;
        text.replace(text.find("200 OK"), 6, status);
        CHECK(contact_of(index(back(text, sip::Method::invite, where, sides))) ==
              "sip:b@h.invalid;transport=ws");
    }
    CHECK(contact_of(index(back(ok, sip::Method::options, where, sides))) ==
          "sip:b@h.invalid;transport=ws");
}

TEST_CASE("R13 R17 a Contact with gr stays, and towards a server that wants none rewritten") {
    Where where;
    Sides sides(where);
    const std::string gruu = "Contact: <sip:a@pbx.test;gr=urn:uuid:1>";
    const auto sent = index(send(request("INVITE", "sip:b@b.test", {gruu}), where, sides));
    CHECK(contact_of(sent) == "sip:a@pbx.test;gr=urn:uuid:1");
    sides.out.rewrite_contact = false;
    const auto plain = request("INVITE", "sip:b@b.test", {"Contact: <sip:a@203.0.113.9>"});
    CHECK(contact_of(index(send(plain, where, sides))) == "sip:a@203.0.113.9");
}

TEST_CASE("hop: a Contact too long to wrap is left alone, and said so") {
    Where where;
    const Sides sides(where);
    const std::string uri = "sip:a@203.0.113.9;p=" + std::string(200, 'x');
    const auto message = request("INVITE", "sip:b@b.test", {"Contact: <" + uri + ">"});
    const Decision decision;
    const Target target;
    const RequestHop hop{decision, target, sides.in, sides.out, sides.in_flow, {}};
    const ForwardedRequest sent = *forward_request(message, hop, where.tokens, where.keys);
    CHECK(sent.contact_too_long);
    CHECK(contact_of(index(sent.bytes)) == uri);
}

TEST_CASE("R43 P-Asserted-Identity of an untrusted side goes, in requests and responses") {
    Where where;
    const Sides sides(where);
    const auto message = request("INVITE", "sip:b@b.test", {"P-Asserted-Identity: <sip:x@y>"});
    Decision untrusted;
    untrusted.remove_identity = true;
    CHECK(send(message, where, sides, untrusted).find("P-Asserted") == std::string::npos);
    CHECK(send(message, where, sides).find("P-Asserted") != std::string::npos);
    CHECK(back(ok, sip::Method::invite, where, sides, false).find("P-Asserted") ==
          std::string::npos);
    CHECK(back(ok, sip::Method::invite, where, sides).find("P-Asserted") != std::string::npos);
}

TEST_CASE("hop: our Routes go, the server's come, the R-URI becomes the target's") {
    Where where;
    const Sides sides(where);
    Decision decision;
    decision.pop_routes = 2;
    Target target;
    target.request_uri = "sip:real@target";
    target.add_routes = {"<sip:edge;lr>", "<sip:core;lr>"};
    const auto message = request("BYE", "sip:x@192.0.2.1",
                                 {"Route: <sip:one;lr>", "Route: <sip:two;lr>, <sip:three;lr>"});
    const auto sent = index(send(message, where, sides, decision, target));
    CHECK(sent.request_uri() == "sip:real@target");
    std::string routes;
    for (const auto& value : sip::values(sent, sip::HeaderId::route))
        routes.append(value.text);
    CHECK(routes == "<sip:edge;lr><sip:core;lr><sip:three;lr>");
}

TEST_CASE("hop: a SIPS Request-URI asks for SIPS Record-Routes (RFC 3261 §16.6 step 4)") {
    Where where;
    const Sides sides(where);
    const auto sent = index(send(request("INVITE", "sips:b@b.test"), where, sides));
    for (const auto& row : sip::values(sent, sip::HeaderId::record_route))
        CHECK(row.text.starts_with("<sips:"));
}

TEST_CASE("R32 a response gives up our Via alone, and 503 leaves as 500 where that is asked") {
    Where where;
    const Sides sides(where);
    const auto answer = index(back(ok, sip::Method::invite, where, sides, true, 500));
    CHECK(sip::values(answer, sip::HeaderId::via).size() == 1);
    CHECK(sip::first_value(answer, sip::HeaderId::via) == "SIP/2.0/UDP 203.0.113.9");
    CHECK(answer.status() == 500);
    CHECK(answer.reason() == "Server Internal Error");
}

TEST_CASE("R29 Max-Breadth leaves as it was given, in a single row, and is not added unasked") {
    Where where;
    const Sides sides(where);
    const Decision decision;
    const Target target;
    const auto sent = [&](const sip::Message& message, std::optional<std::uint32_t> breadth) {
        RequestHop hop{decision, target, sides.in, sides.out, sides.in_flow, {}};
        hop.breadth = breadth;
        return forward_request(message, hop, where.tokens, where.keys)->bytes;
    };
    const auto rows = [](const std::string& bytes) {
        const sip::Message message = index(bytes);
        std::string values;
        for (const sip::ValueAt& value : sip::values(message, sip::HeaderId::max_breadth))
            values += std::string(value.text) + " ";
        return values;
    };
    const auto plain = request("INVITE", "sip:b@b.test");
    CHECK(rows(sent(plain, std::nullopt)).empty());
    CHECK(rows(sent(plain, 30)) == "30 ");
    const auto twice = request("INVITE", "sip:b@b.test", {"max-breadth: 99", "Max-Breadth: 7"});
    CHECK(rows(sent(twice, 20)) == "20 ");
    CHECK(sent(twice, 20).find("\r\nmax-breadth: 20\r\n") != std::string::npos);
}

TEST_CASE("R32 other branches' challenges follow a response's own, as they came, in order") {
    Where where;
    const Sides sides(where);
    const std::string head = "SIP/2.0 407 P\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n"
                             "Via: SIP/2.0/UDP 203.0.113.9\r\nCSeq: 1 INVITE\r\n";
    const auto chosen = index(head + "Proxy-Authenticate: Digest realm=\"a\"\r\n\r\n");
    const auto second = index(head + "WWW-Authenticate: Digest realm=\"b\",\r\n nonce=\"1\"\r\n"
                                     "X: no\r\nProxy-authenticate: Basic  realm=\"c\" \r\n\r\n");
    const auto third = index(head + "WWW-Authenticate: Digest realm=\"d\"\r\n\r\n");
    const std::vector<const sip::Message*> others{&second, &third};
    const Decision decision;
    ResponseHop hop{decision, sip::Method::invite, sides.in, sides.out.place, true, 0, {}};
    hop.challenges = others;
    CHECK(forward_response(chosen, hop, where.tokens).bytes ==
          "SIP/2.0 407 P\r\nVia: SIP/2.0/UDP 203.0.113.9\r\nCSeq: 1 INVITE\r\n"
          "Proxy-Authenticate: Digest realm=\"a\"\r\n"
          "WWW-Authenticate: Digest realm=\"b\",\r\n nonce=\"1\"\r\n"
          "Proxy-Authenticate: Basic  realm=\"c\"\r\n"
          "WWW-Authenticate: Digest realm=\"d\"\r\n\r\n");
}

TEST_CASE("R18 hop: towards a strict router its URI is the R-URI, and ours the last Route") {
    Where where;
    const Sides sides(where);
    Decision decision;
    decision.pop_routes = 1;
    decision.strict_router = "sip:strict.test";
    const auto message =
        request("MESSAGE", "sip:b@b.test",
                {"Route: <sip:192.0.2.1;lr>, <sip:strict.test>", "Route: <sip:third.test;lr>"});
    Target target;
    target.request_uri = "sip:mapped@b.test";
    const auto sent = index(send(message, where, sides, decision, target));
    CHECK(sent.request_uri() == "sip:strict.test");
    std::vector<std::string> routes;
    for (const sip::ValueAt& route : sip::values(sent, sip::HeaderId::route))
        routes.emplace_back(route.text);
    CHECK(routes == std::vector<std::string>{"<sip:third.test;lr>", "<sip:mapped@b.test>"});
}

TEST_CASE("hop: what cannot be sealed does not leave as if it were") {
    Where where;
    const Sides sides(where);
    const auto invite = request("INVITE", "sip:b@b.test", {"Contact: <sip:a@h.invalid>"});
    const Decision decision;
    const Target target;
    const RequestHop hop{decision, target, sides.in, sides.out, sides.in_flow, {}};
    const NoCipher broken;
    const auto sent = forward_request(invite, hop, where.tokens, where.keys);
    REQUIRE_FALSE(sent.has_value());
    CHECK(to_error(sent.error()) == Error::key_unusable);
    // A response can't be refused: its Contact stays as it is.
    const ResponseHop back_hop{decision, sip::Method::invite, sides.in, sides.out.place, true, 0,
                               {}};
    const ForwardedResponse response = forward_response(index(ok), back_hop, where.tokens);
    CHECK(response.unsealed);
    CHECK(contact_of(index(response.bytes)) == "sip:b@h.invalid;transport=ws");
    // What needs no token goes on.
    CHECK(forward_request(request("MESSAGE", "sip:b@b.test"), hop, where.tokens, where.keys)
              .has_value());
}
