#include "routing/hop.hpp"
#include "routing/hop_oracle.hpp"
#include "routing/scene_fixture.hpp"
#include "sip/corpus.hpp"
#include "sip/parser.hpp"
#include "sip/values.hpp"
#include "support/random_message.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>

using namespace roundabout;
using namespace roundabout::routing;
using namespace roundabout::test;
using sip::HeaderId;

// What leaves is what came, but for what a hop may change: any valid message, the real edits.

namespace {

constexpr std::size_t rounds = 3000;

HopSide side(Transport transport, std::uint16_t port, const routing::Place& place) {
    HopSide made;
    made.transport = transport;
    made.reach = made.contact = {"192.0.2.1", port};
    made.place = place;
    return made;
}

std::string host_port(const config::Advertised& reach) {
    return reach.host + ":" + std::to_string(reach.port);
}

sip::Message index(std::string bytes) {
    auto message = sip::index_message(std::move(bytes), sip::Framing::datagram);
    REQUIRE(message.has_value());
    REQUIRE(message->defect() == Error::none);
    return std::move(*message);
}

/// One hop from a UDP server to a client on some other transport, with all that it may do chosen
/// by chance.
struct Hop {
    roundabout::test::Place where;
    HopSide in = side(Transport::udp, 5060, where.server_place("pbx"));
    HopSide out = side(Transport::wss, 8443, wss_client());
    Flow in_flow;
    Decision decision;
    Target target;
    Permitted permitted;

    Hop() { in_flow.remote = *Endpoint::parse("203.0.113.9:5062"); }

    void choose(Random& random, const sip::Message& message) {
        constexpr std::array transports = {Transport::udp, Transport::tcp, Transport::tls,
                                           Transport::ws, Transport::wss};
        out.transport = random.pick(transports);
        out.rewrite_contact = !random.one_in(4);
        decision.verdict = Decision::Verdict::forward;
        decision.remove_identity = random.one_in(2);
        const auto routes = sip::values(message, HeaderId::route).size();
        decision.pop_routes = std::min(random.below(3), routes);
        decision.from_side = random.one_in(2) ? Side::caller : Side::callee;
        target.request_uri = random.one_in(2) ? "" : "sip:real@target.test;x=y";
    }

    sip::Message send(const sip::Message& message) {
        permitted = Permitted{};
        permitted.via_head =
            "SIP/2.0/" + std::string(via_name(out.transport)) + " " + host_port(out.reach);
        permitted.received = in_flow.remote.address.to_string();
        permitted.rport = in_flow.remote.port;
        permitted.request_uri = target.request_uri;
        permitted.pop_routes = decision.pop_routes;
        permitted.record_routes = records_route(message.method());
        permitted.drop_identity = decision.remove_identity;
        permitted.length = is_reliable(out.transport);
        if (refreshes_target(message.method()) && out.rewrite_contact)
            permitted.contact_host = host_port(out.contact);
        const RequestHop hop{decision, target, in, out, in_flow, {}};
        ForwardedRequest forwarded = *forward_request(message, hop, where.tokens, where.keys);
        if (forwarded.contact_too_long)
            permitted.contact_host.clear();
        return index(std::move(forwarded.bytes));
    }
};

/// A response in pieces that has these Vias and no others.
std::string with_vias(RandomMessage response, const sip::Message& request) {
    std::erase_if(response.rows, [](const RandomRow& row) { return row.id == HeaderId::via; });
    std::string vias;
    for (const sip::HeaderField& row : request.headers()) {
        if (row.id == HeaderId::via)
            vias += request.text(row.line);
    }
    const std::string text = response.text();
    const std::string start = response.start_line();
    return start + vias + text.substr(start.size());
}

/// A request or a response; REGISTER has its own tests, since registration plans its Contacts.
RandomMessage random_of(Random& random, bool request) {
    for (;;) {
        RandomMessage message = random_message(random, false);
        if (message.request == request && !(request && message.method == "REGISTER"))
            return message;
    }
}

} // namespace

TEST_CASE("R23 R37 any valid request passes a hop, and nothing but the permitted differs") {
    Hop hop;
    for (std::size_t seed = 0; seed < rounds; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const sip::Message before = index(random_of(random, true).text());
        REQUIRE_FALSE(sip::check_message(before).has_value());
        hop.choose(random, before);
        const sip::Message after = hop.send(before);
        CHECK_FALSE(sip::check_message(after).has_value());
        check_forwarded_request(before, after, hop.permitted);
    }
}

TEST_CASE("R23 R37 any valid response passes back, and nothing but the permitted differs") {
    Hop hop;
    for (std::size_t seed = 0; seed < rounds; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const sip::Message request = index(random_of(random, true).text());
        hop.choose(random, request);
        const sip::Message sent = hop.send(request);
        const sip::Message before = index(with_vias(random_of(random, false), sent));
        const bool trusted = random.one_in(2);
        const std::uint16_t status = random.one_in(4) ? 500 : 0;
        const ResponseHop way{hop.decision, sent.method(), hop.in, hop.out.place,
                              trusted,      status,        {}};
        const sip::Message after = index(forward_response(before, way, hop.where.tokens).bytes);
        Permitted permitted;
        permitted.drop_identity = !trusted;
        if (status != 0)
            permitted.status_line = "SIP/2.0 500 Server Internal Error";
        if (refreshes_target(sent.method()) && before.status() > 100 && before.status() < 300)
            permitted.contact_host = host_port(hop.in.contact);
        check_forwarded_response(before, after, permitted);
        CHECK(sip::first_value(after, HeaderId::via) == sip::values(sent, HeaderId::via)[1].text);
    }
}

TEST_CASE("R37 one hop changes only the permitted lines of each torture message to be forwarded") {
    Hop hop;
    std::size_t forwarded = 0;
    for (const TortureMessage& source : torture_messages()) {
        if (source.expect != "forward" && source.expect != "forward-register")
            continue;
        CAPTURE(source.file);
        ++forwarded;
        const sip::Message before = index(source.bytes);
        const sip::Message after = hop.send(before);
        CHECK_FALSE(sip::check_message(after).has_value());
        check_forwarded_request(before, after, hop.permitted);
    }
    CHECK(forwarded > 25);
}
