#include "proxy/passage.hpp"
#include "sip/values.hpp"
#include "support/random_message.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

using namespace roundabout;
using namespace roundabout::proxy::test;
using roundabout::test::Random;
using roundabout::test::RandomMessage;
using roundabout::test::RandomRow;
using sip::HeaderId;

// Two Roundabouts in a row, each with keys of its own: what passes both comes home.

namespace {

constexpr std::array transports = {Transport::udp, Transport::tcp, Transport::tls, Transport::ws,
                                   Transport::wss};
constexpr std::array contacts = {
    "<sip:x@198.51.100.77>",
    R"("X, <y>" <sip:x%20y@198.51.100.77:5099;transport=tcp;lr>;q=0.5;+sip.instance="<urn:1>")",
    "<sip:df7jal23ls0d.invalid;transport=ws;ob>;expires=60", "sip:x@[2001:db8::77]",
    "<sips:x:secret@host.example>"};

/// One end of a dialog: where it is and what it has learnt.
struct Party {
    std::string address;
    Transport transport = Transport::udp;
    std::string contact;             ///< header value of its own
    std::string target;              ///< R-URI towards the other end
    std::vector<std::string> routes; ///< from its own point of view
};

std::vector<std::string> values_of(const sip::Message& message, HeaderId id) {
    std::vector<std::string> all;
    for (const sip::ValueAt& value : sip::values(message, id))
        all.emplace_back(value.text);
    return all;
}

std::string uri_of(std::string_view value) {
    return std::string(sip::parse_name_addr(value).value().uri);
}

std::string contact_of(const sip::Message& message) {
    return uri_of(sip::first_value(message, HeaderId::contact).value_or(""));
}

/// A random message with rows of its own choice but these, which a dialog needs.
std::string compose(Random& random, bool request, std::string_view start, std::string_view method,
                    const std::string& rows) {
    RandomMessage message;
    do
        message = random_message(random, true);
    while (message.request != request || message.method != "INVITE");
    std::erase_if(message.rows, [&](const RandomRow& row) {
        return row.id != HeaderId::other && row.id != HeaderId::content_length &&
               row.id != HeaderId::max_forwards && row.id != HeaderId::path;
    });
    message.rows.insert(message.rows.begin(), RandomRow{});
    const std::string text = message.text();
    const std::size_t body = message.start_line().size() + RandomRow{}.text().size();
    std::string out(start);
    out.append("\r\n").append(rows);
    out.append("From: <sip:a@a.test>;tag=1\r\nTo: <sip:b@b.test>;tag=2\r\nCall-ID: home\r\n");
    out.append("CSeq: 7 ").append(method).append("\r\n");
    return out + text.substr(body);
}

/// A chain of two between two parties, and the dialog of those.
class Chain {
  public:
    enum class Kind : std::uint8_t { trunk, client };

    Chain(Random& random, Kind kind, const std::string& name, bool wrap)
        : random_(random)
        , near_("192.0.2.1", 1, name)
        , far_("192.0.2.2", 2, name) {
        const auto any = [&] { return transports[random.below(transports.size())]; };
        between_ = any();
        a_ = {"192.0.2.10", any(), random.pick(contacts), "sip:b@b.test", {}};
        b_ = {"192.0.2.20", any(), random.pick(contacts), "sip:a@a.test", {}};
        if (kind == Kind::client)
            near_.add_client(a_.address);
        else
            near_.add_server("a", a_.address, a_.transport, wrap);
        near_.add_server("b", far_.address(), between_, wrap);
        far_.add_server("a", near_.address(), between_, wrap);
        far_.add_server("b", b_.address, b_.transport, wrap);
        near_.open();
        far_.open();
    }

    Party& a() { return a_; }
    Party& b() { return b_; }

    struct Exchange {
        sip::Message request;  ///< as the other end got it
        sip::Message response; ///< as the sender got it
    };

    /// A request from one end to the other, and its answer on the way back.
    Exchange exchange(Party& from, std::string_view method, std::string_view status = "200 OK") {
        const Party& to = &from == &a_ ? b_ : a_;
        Passage& first = &from == &a_ ? near_ : far_;
        Passage& second = &from == &a_ ? far_ : near_;
        const std::string via = "Via: SIP/2.0/" + std::string(via_name(from.transport)) +
                                " home.invalid;branch=z9hG4bKhome;rport\r\n";
        std::string rows = via + "Contact: " + from.contact + "\r\n";
        for (const std::string& route : from.routes)
            rows += "Route: " + route + "\r\n";
        const sip::Message sent = read(compose(
            random_, true, std::string(method) + " " + from.target + " SIP/2.0", method, rows));
        const Passage::Sent one =
            first.request(sent, way(from.transport, first.address(), from.address));
        const Passage::Sent two = second.request(one.request, reversed(one.to));
        CHECK(two.to.remote.address == *IpAddress::parse(to.address));

        std::string back;
        for (const HeaderId id : {HeaderId::via, HeaderId::record_route}) {
            for (const std::string& value : values_of(two.request, id))
                back.append(name(id)).append(": ").append(value).append("\r\n");
        }
        back += "Contact: " + to.contact + "\r\n";
        const sip::Message answer =
            read(compose(random_, false, "SIP/2.0 " + std::string(status), method, back));
        const sip::Message home = first.response(second.response(answer, two), one);

        CHECK(two.request.body() == sent.body());
        CHECK(home.body() == answer.body());
        CHECK(values_of(home, HeaderId::via).size() == 1);
        CHECK(values_of(two.request, HeaderId::via).size() == 3);
        CHECK(values_of(home, HeaderId::record_route) ==
              values_of(two.request, HeaderId::record_route));
        return {two.request, home};
    }

    /// What an INVITE teaches both ends (RFC 3261 §12.1).
    void set_up(Party& from) {
        Party& to = &from == &a_ ? b_ : a_;
        const Exchange invite = exchange(from, "INVITE");
        to.target = contact_of(invite.request);
        to.routes = values_of(invite.request, HeaderId::record_route);
        from.target = contact_of(invite.response);
        from.routes = values_of(invite.response, HeaderId::record_route);
        std::ranges::reverse(from.routes);
    }

  private:
    Random& random_;
    Passage near_;
    Passage far_;
    Transport between_ = Transport::udp;
    Party a_, b_;
};

/// In-dialog requests of both ends arrive with the other's Contact as R-URI and without a Route.
void check_dialog(Chain& chain) {
    for (Party* from : {&chain.a(), &chain.b(), &chain.a()}) {
        const Party& to = from == &chain.a() ? chain.b() : chain.a();
        for (const auto* method : {"INFO", "UPDATE", "BYE"}) {
            CAPTURE(method);
            const auto exchange = chain.exchange(*from, method);
            CHECK(exchange.request.request_uri() == uri_of(to.contact));
            CHECK(values_of(exchange.request, HeaderId::route).empty());
        }
    }
}

/// Runs a dialog set up from either end, at many seeds.
void check_chains(Chain::Kind kind, const std::string& name, bool wrap, bool keep_routes) {
    for (std::size_t seed = 0; seed < 150; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        Chain chain(random, kind, name, wrap);
        const bool from_b = kind == Chain::Kind::trunk && random.one_in(2);
        chain.set_up(from_b ? chain.b() : chain.a());
        if (!keep_routes) {
            chain.a().routes.clear();
            chain.b().routes.clear();
        }
        check_dialog(chain);
    }
}

constexpr bool wrap = true;
constexpr bool keep_routes = true;

} // namespace

TEST_CASE("R14 R16 two Roundabouts between servers: every message of a dialog comes home") {
    check_chains(Chain::Kind::trunk, "", wrap, keep_routes);
}

TEST_CASE("R14 R16 two Roundabouts between a client and a server: every message comes home") {
    check_chains(Chain::Kind::client, "", wrap, keep_routes);
}

TEST_CASE("R17 two Roundabouts that leave Contacts alone: Record-Route leads both ways") {
    check_chains(Chain::Kind::trunk, "", !wrap, keep_routes);
}

TEST_CASE("R16 two Roundabouts and a peer that keeps no Route: a layer a pass leads both ways") {
    check_chains(Chain::Kind::trunk, "", wrap, !keep_routes);
}

TEST_CASE("R15 two Roundabouts behind one name: tokens tell them apart") {
    check_chains(Chain::Kind::trunk, "sip.example.com", wrap, keep_routes);
    check_chains(Chain::Kind::client, "sip.example.com", wrap, keep_routes);
    check_chains(Chain::Kind::trunk, "sip.example.com", !wrap, keep_routes);
}
