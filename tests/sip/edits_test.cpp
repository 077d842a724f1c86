#include "sip/edits.hpp"
#include "sip/parser.hpp"
#include "sip/values.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace roundabout;
using namespace roundabout::sip;

namespace {

/// An INVITE with the given rows (each with its CRLF) and body.
Message invite(std::string_view rows, std::string_view body = "") {
    std::string bytes = "INVITE sip:bob@example.com SIP/2.0\r\n";
    bytes.append(rows).append("\r\n").append(body);
    return index_message(bytes, Framing::datagram).value();
}

/// All but the start line.
std::string rest(const std::string& out) { return out.substr(out.find("\r\n") + 2); }

} // namespace

TEST_CASE("without edits a message leaves byte for byte") {
    const auto message = invite("v:SIP/2.0/UDP h\r\nX : folded\r\n\tvalue \r\n", "a\nb");
    CHECK(Edits(message).apply(false) == message.bytes());
}

TEST_CASE("R31 Max-Forwards goes down by one, leading zeros or not") {
    const auto message = invite("Max-Forwards: 0068\r\n");
    Edits edits(message);
    edits.decrement_max_forwards();
    CHECK(rest(edits.apply(false)) == "Max-Forwards: 67\r\n\r\n");
}

TEST_CASE("R31 a missing Max-Forwards is added with 70") {
    const auto message = invite("X: y\r\n");
    Edits edits(message);
    edits.decrement_max_forwards();
    CHECK(rest(edits.apply(false)) == "X: y\r\nMax-Forwards: 70\r\n\r\n");
}

TEST_CASE("R31 Max-Forwards 255 becomes 254, never 70, and 0 never wraps") {
    for (const auto& [before, after] : {std::pair("255", "254"), std::pair("0", "0")}) {
        const auto message = invite("Max-Forwards: " + std::string(before) + "\r\n");
        Edits edits(message);
        edits.decrement_max_forwards();
        CHECK(rest(edits.apply(false)) == "Max-Forwards: " + std::string(after) + "\r\n\r\n");
    }
}

TEST_CASE("a prepended row stands above the first row of its header") {
    const auto message = invite("X: y\r\nv: a\r\nZ: z\r\nVia: b\r\n");
    Edits edits(message);
    edits.prepend(HeaderId::via, "ours");
    CHECK(rest(edits.apply(false)) == "X: y\r\nVia: ours\r\nv: a\r\nZ: z\r\nVia: b\r\n\r\n");
}

TEST_CASE("a prepended row stands above all headers where its header is new") {
    const auto message = invite("X: y\r\n");
    Edits edits(message);
    edits.prepend(HeaderId::record_route, "<sip:out;lr>");
    edits.prepend(HeaderId::record_route, "<sip:in;lr>");
    CHECK(rest(edits.apply(false)) ==
          "Record-Route: <sip:out;lr>\r\nRecord-Route: <sip:in;lr>\r\nX: y\r\n\r\n");
}

TEST_CASE("rows can be prepended and appended where there is no header at all") {
    const auto message = invite("");
    Edits edits(message);
    edits.prepend(HeaderId::via, "a");
    edits.append(HeaderId::path, "b");
    CHECK(rest(edits.apply(false)) == "Via: a\r\nPath: b\r\n\r\n");
}

TEST_CASE("R15 one Route of a comma-joined row is taken, the row stays") {
    const auto message = invite("Route: <sip:a;lr>, <sip:b;lr>\r\nX: y\r\n");
    Edits edits(message);
    edits.remove_first_values(HeaderId::route, 1);
    CHECK(rest(edits.apply(false)) == "Route: <sip:b;lr>\r\nX: y\r\n\r\n");
}

TEST_CASE("R15 Routes are taken over rows, folds and quoted commas") {
    const auto message = invite("Route: \"a, b\" <sip:a;lr>,\r\n <sip:b;lr>\r\nX: y\r\n"
                                "route:\r\n <sip:c;lr>\r\n , <sip:d;lr>\r\n");
    Edits edits(message);
    edits.remove_first_values(HeaderId::route, 3);
    CHECK(rest(edits.apply(false)) == "X: y\r\nroute:\r\n <sip:d;lr>\r\n\r\n");
}

TEST_CASE("R15 Routes taken one by one are the same as taken at once") {
    const auto message = invite("Route: <sip:a>, <sip:b>\r\nRoute: <sip:c>, <sip:d>\r\n");
    Edits edits(message);
    for (int i = 0; i < 3; ++i)
        edits.remove_first_values(HeaderId::route, 1);
    CHECK(rest(edits.apply(false)) == "Route: <sip:d>\r\n\r\n");
}

TEST_CASE("taking more values than there are leaves no row") {
    const auto message = invite("Route: <sip:a>, <sip:b>\r\nX: y\r\n");
    Edits edits(message);
    edits.remove_first_values(HeaderId::route, 9);
    CHECK(rest(edits.apply(false)) == "X: y\r\n\r\n");
}

TEST_CASE("a row without values is not taken for one that became empty") {
    const auto message = invite("Route:\r\nRoute: <sip:a>, <sip:b>\r\nRoute: ,\r\n");
    Edits edits(message);
    edits.remove_first_values(HeaderId::route, 2);
    CHECK(rest(edits.apply(false)) == "Route:\r\nRoute: ,\r\n\r\n");
}

TEST_CASE("R18 the last Route is taken for a strict router, first ones with it") {
    const auto message = invite("Route: <sip:a>, <sip:b>\r\nRoute: <sip:c>,<sip:d>\r\n");
    Edits edits(message);
    edits.remove_last_value(HeaderId::route);
    CHECK(rest(edits.apply(false)) == "Route: <sip:a>, <sip:b>\r\nRoute: <sip:c>\r\n\r\n");
    edits.remove_first_values(HeaderId::route, 1);
    CHECK(rest(edits.apply(false)) == "Route: <sip:b>\r\nRoute: <sip:c>\r\n\r\n");
    edits.remove_last_value(HeaderId::route);
    edits.remove_last_value(HeaderId::route);
    CHECK(rest(edits.apply(false)) == "\r\n");
}

TEST_CASE("Routes are popped and one put on in one hop") {
    const auto message = invite("Route: <sip:us;lr>\r\nRoute: <sip:us2;lr>, <sip:next;lr>\r\n");
    Edits edits(message);
    edits.remove_first_values(HeaderId::route, 1);
    edits.prepend(HeaderId::route, "<sip:edge;lr>");
    edits.remove_first_values(HeaderId::route, 1);
    CHECK(rest(edits.apply(false)) == "Route: <sip:edge;lr>\r\nRoute: <sip:next;lr>\r\n\r\n");
}

TEST_CASE("R43 all rows of a header go, and only they") {
    const auto message = invite("P-Asserted-Identity: <sip:a>\r\nX: y\r\n"
                                "p-asserted-identity : <tel:1>\r\nP-Asserted-Id: z\r\n");
    Edits edits(message);
    edits.remove_all(HeaderId::p_asserted_identity);
    CHECK(rest(edits.apply(false)) == "X: y\r\nP-Asserted-Id: z\r\n\r\n");
}

TEST_CASE("R34 only the top Via of a comma-joined row is stamped, below the one we add") {
    const auto message = invite("v: SIP/2.0/UDP a;rport , SIP/2.0/UDP b;rport\r\n");
    Edits edits(message);
    edits.prepend(HeaderId::via, "SIP/2.0/TCP us");
    edits.stamp_top_via("192.0.2.9", 40000);
    CHECK(rest(edits.apply(false)) == "Via: SIP/2.0/TCP us\r\n"
                                      "v: SIP/2.0/UDP a;rport=40000;received=192.0.2.9 , "
                                      "SIP/2.0/UDP b;rport\r\n\r\n");
}

TEST_CASE("R7 each Contact URI is replaced by itself, header parameters stay outside") {
    const auto message = invite("Contact: \"a, <b>\" <sip:a@h;x?y=z>;q=0.5, sip:b@h ;expires=60\r\n"
                                "m: <sip:c@h>\r\n");
    Edits edits(message);
    for (const auto& value : values(message, HeaderId::contact))
        edits.replace_uri(value.text, "sip:us;rb=1");
    CHECK(rest(edits.apply(false)) ==
          "Contact: \"a, <b>\" <sip:us;rb=1>;q=0.5, <sip:us;rb=1> ;expires=60\r\n"
          "m: <sip:us;rb=1>\r\n\r\n");
}

TEST_CASE("what can't be parsed as name-addr is left by replace_uri") {
    const auto message = invite("Contact: *\r\n");
    Edits edits(message);
    edits.replace_uri(message.value(HeaderId::contact), "sip:us");
    CHECK(edits.apply(false) == message.bytes());
}

TEST_CASE("the Request-URI is replaced alone, and a later one wins") {
    const auto message = invite("X: y\r\n");
    Edits edits(message);
    edits.set_request_uri("sip:first@example.com");
    edits.set_request_uri("sip:second@example.com;transport=ws");
    CHECK(edits.apply(false) ==
          "INVITE sip:second@example.com;transport=ws SIP/2.0\r\nX: y\r\n\r\n");
}

TEST_CASE("R32 a 503 goes up as a 500, whatever its phrase was") {
    for (const std::string_view line : {"SIP/2.0 503 Out of order", "SIP/2.0 503 "}) {
        const auto message =
            index_message(std::string(line) + "\r\nX: y\r\n\r\n", Framing::stream).value();
        Edits edits(message);
        edits.set_status(500, "Server Internal Error");
        CHECK(edits.apply(false) == "SIP/2.0 500 Server Internal Error\r\nX: y\r\n\r\n");
    }
}

TEST_CASE("R35 Content-Length is added only where asked for and missing") {
    const auto without = invite("X: y\r\n", "12345");
    CHECK(rest(Edits(without).apply(true)) == "X: y\r\nContent-Length: 5\r\n\r\n12345");
    CHECK(rest(Edits(without).apply(false)) == "X: y\r\n\r\n12345");
    const auto with = invite("l :\r\n 05\r\n", "12345");
    CHECK(Edits(with).apply(true) == with.bytes());
}

TEST_CASE("R35 what a datagram has beyond Content-Length never leaves") {
    const auto message = invite("Content-Length: 3\r\n", "123INVITE sip:x SIP/2.0\r\n\r\n");
    CHECK(rest(Edits(message).apply(true)) == "Content-Length: 3\r\n\r\n123");
}

TEST_CASE("R23 a splice into the body is ignored") {
    const auto message = invite("X: y\r\n", "body");
    Edits edits(message);
    edits.replace(message.body_span(), "other");
    CHECK(edits.apply(false) == message.bytes());
}

TEST_CASE("a removed row takes the changes inside it along, rows above it stay") {
    const auto message = invite("Contact: <sip:a@h>\r\n");
    Edits edits(message);
    edits.replace_uri(message.value(HeaderId::contact), "sip:us");
    edits.prepend(HeaderId::contact, "<sip:new@h>");
    edits.remove_all(HeaderId::contact);
    CHECK(rest(edits.apply(false)) == "Contact: <sip:new@h>\r\n\r\n");
}

TEST_CASE("more edits than fit without the heap are all applied, in order") {
    const auto message = invite("Route: <sip:a>\r\n");
    Edits edits(message);
    std::string expected;
    for (int i = 0; i < 100; ++i) {
        edits.prepend(HeaderId::route, std::to_string(i));
        expected += "Route: " + std::to_string(i) + "\r\n";
    }
    edits.remove_first_values(HeaderId::route, 1);
    CHECK(rest(edits.apply(false)) == expected + "\r\n");
}
