#include "routing/scene_fixture.hpp"
#include "routing/token_codec.hpp"
#include "routing/tokens.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::routing;
using namespace roundabout::test;

namespace {

Tokens make_tokens(std::vector<std::uint8_t> ids = {1}) {
    return *Tokens::make(test_keys(std::move(ids)));
}

std::vector<routing::Place> every_place() {
    ClientPlace udp;
    udp.listener_hash = 0xFFFFFFFF;
    udp.remote = *Endpoint::parse("[2001:db8::9]:65535");
    ClientPlace bound = wss_client(0xFFFFFFFFFFULL);
    bound.binding = registration::BindingId{};
    bound.binding->bytes.fill(0xAB);
    return {ServerPlace{0, *IpAddress::parse("192.0.2.1")},
            ServerPlace{0xFFFFFFFF, *IpAddress::parse("2001:db8::1")},
            HostPlace{Transport::tls, *Endpoint::parse("192.0.2.1:5061")},
            udp,
            wss_client(),
            bound};
}

} // namespace

TEST_CASE("tokens: each kind of place comes back from a Route and from a Contact") {
    Tokens tokens = make_tokens();
    for (const routing::Place& place : every_place()) {
        const auto route = tokens.open_route(*tokens.seal_route({Side::callee, place}, "c"), "c");
        REQUIRE(route.has_value());
        CHECK(route->place == place);
        CHECK(route->side == Side::callee);
        const ContactToken sealed{Side::caller, place, "sip:a@[2001:db8::1];x=y", true};
        const auto contact = tokens.open_contact(*tokens.seal_contact(sealed, "c"), "c");
        REQUIRE(contact.has_value());
        CHECK(contact->place == place);
        CHECK(contact->uri == sealed.uri);
        CHECK(contact->side == Side::caller);
        CHECK(contact->same_call);
    }
}

TEST_CASE("tokens: the same contents seal alike, also after a restart") {
    Tokens before = make_tokens();
    Tokens after = make_tokens();
    const RouteToken token{Side::caller, wss_client()};
    const std::string sealed = *before.seal_route(token, "call");
    CHECK(*before.seal_route(token, "call") == sealed);
    CHECK(*after.seal_route(token, "call") == sealed);
    CHECK(after.open_route(sealed, "call").has_value());
}

TEST_CASE("tokens: a Route opens under its own Call-ID alone") {
    Tokens tokens = make_tokens();
    const std::string sealed = *tokens.seal_route({Side::caller, wss_client()}, "call");
    CHECK_FALSE(tokens.open_route(sealed, "other").has_value());
    CHECK_FALSE(tokens.open_route(sealed, "").has_value());
}

TEST_CASE("R22 tokens: a Contact opens under another Call-ID and says so") {
    Tokens tokens = make_tokens();
    const ContactToken token{Side::caller, wss_client(), "sip:a@b", true};
    const auto opened = tokens.open_contact(*tokens.seal_contact(token, "call"), "other");
    REQUIRE(opened.has_value());
    CHECK_FALSE(opened->same_call);
}

TEST_CASE("tokens: a changed character is a forgery, whichever it is") {
    Tokens tokens = make_tokens();
    const std::string route = *tokens.seal_route({Side::caller, wss_client()}, "call");
    for (std::size_t i = 0; i < route.size(); ++i) {
        std::string changed = route;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        CHECK_FALSE(tokens.open_route(changed, "call").has_value());
    }
    const std::string contact =
        *tokens.seal_contact({Side::caller, wss_client(), "sip:a@b", true}, "call");
    for (std::size_t i = 0; i < contact.size(); ++i) {
        std::string changed = contact;
        changed[i] = changed[i] == 'a' ? 'b' : 'a';
        CHECK_FALSE(tokens.open_contact(changed, "call").has_value());
    }
}

TEST_CASE("tokens: a Route is no Contact, and a foreign key opens neither") {
    Tokens tokens = make_tokens({1});
    Tokens others = make_tokens({2});
    std::vector<routing::Secret> secrets(1);
    secrets[0].id = 1; // the same id, another secret
    Tokens impostor = *Tokens::make(*derive_keys(secrets));
    const std::string sealed = *tokens.seal_route({Side::caller, wss_client()}, "call");
    CHECK_FALSE(tokens.open_contact(sealed, "call").has_value());
    CHECK_FALSE(others.open_route(sealed, "call").has_value());
    CHECK_FALSE(impostor.open_route(sealed, "call").has_value());
}

TEST_CASE("tokens: a Path opens for every call, and is no other token") {
    Tokens tokens = make_tokens();
    for (const routing::Place& place : every_place()) {
        const auto* client = std::get_if<ClientPlace>(&place);
        if (client == nullptr)
            continue;
        for (const bool outbound : {false, true}) {
            const std::string sealed = *tokens.seal_path({0xFFFFFFFF, outbound, *client});
            const auto opened = make_tokens({2, 1}).open_path(sealed); // after a rotation
            REQUIRE(opened.has_value());
            CHECK(opened->place == *client);
            CHECK(opened->outbound == outbound);
            CHECK(opened->server == 0xFFFFFFFF);
            CHECK_FALSE(tokens.open_route(sealed, "").has_value());
            CHECK_FALSE(tokens.open_route(sealed, "call").has_value());
            CHECK_FALSE(make_tokens({2}).open_path(sealed).has_value());
        }
    }
    CHECK_FALSE(tokens.open_path(*tokens.seal_route({Side::caller, wss_client()}, "")).has_value());
    const std::string path = *tokens.seal_path({1, true, wss_client()});
    for (std::size_t i = 0; i < path.size(); ++i) {
        std::string changed = path;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        CHECK_FALSE(tokens.open_path(changed).has_value());
    }
}

TEST_CASE("tokens: after a rotation the old key still opens and the new one seals") {
    Tokens old = make_tokens({1});
    Tokens rotated = make_tokens({2, 1});
    const RouteToken token{Side::caller, wss_client()};
    CHECK(rotated.open_route(*old.seal_route(token, "call"), "call").has_value());
    CHECK(*rotated.seal_route(token, "call") != *old.seal_route(token, "call"));
    CHECK_FALSE(old.open_route(*rotated.seal_route(token, "call"), "call").has_value());
    const ContactToken contact{Side::caller, wss_client(), "sip:a@b", true};
    CHECK(rotated.open_contact(*old.seal_contact(contact, "call"), "call")->same_call);
}

TEST_CASE("tokens: rb= is read in any case, since URI parameters compare so") {
    Tokens tokens = make_tokens();
    std::string sealed =
        *tokens.seal_contact({Side::caller, wss_client(), "sip:a@b", true}, "call");
    for (char& c : sealed)
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    CHECK(tokens.open_contact(sealed, "call").has_value());
}

TEST_CASE("tokens: a browser's Contact of 60 characters stays below 255 when wrapped") {
    Tokens tokens = make_tokens();
    ClientPlace place = wss_client(123456);
    place.flow.boot = 0xFEDCBA98;
    place.listener_hash = 0xFEDCBA98;
    place.binding = registration::BindingId{};
    const std::string uri = "sip:4n8m2k1q@h7g6f5d4s3a2.invalid;transport=ws;ob";
    const std::string value = *tokens.seal_contact({Side::callee, place, uri, true}, "call");
    CHECK(("sip:4n8m2k1q@[2001:db8:1234:5678::1]:5060;transport=udp;rb=" + value).size() <= 255);
}

TEST_CASE("tokens: a binding's id depends on each of its five fields and on their borders") {
    const Tokens tokens = make_tokens();
    const auto id = *tokens.binding_id("pbx", "sip:a@b", "sip:c@d", "uuid", 1);
    CHECK(*tokens.binding_id("pbx", "sip:a@b", "sip:c@d", "uuid", 1) == id);
    CHECK(*tokens.binding_id("pb", "xsip:a@b", "sip:c@d", "uuid", 1) != id);
    CHECK(*tokens.binding_id("pbx", "sip:A@b", "sip:c@d", "uuid", 1) != id);
    CHECK(*tokens.binding_id("pbx", "sip:a@b", "sip:c@e", "uuid", 1) != id);
    CHECK(*tokens.binding_id("pbx", "sip:a@b", "sip:c@d", "uuie", 1) != id);
    CHECK(*tokens.binding_id("pbx", "sip:a@b", "sip:c@d", "uuid", 2) != id);
    CHECK(parse_binding_id(to_text(id)) == id);
    CHECK_FALSE(parse_binding_id(to_text(id) + "a").has_value());
    CHECK_FALSE(parse_binding_id("").has_value());
}

TEST_CASE("tokens: a place that no writer writes is not read") {
    using namespace std::string_view_literals;
    const auto refused = [](std::string_view bytes) {
        TokenReader reader(bytes);
        static_cast<void>(reader.place());
        return reader.failed();
    };
    CHECK(refused(""));
    CHECK(refused("\x07"));                             // no such shape
    CHECK(refused("\x02\x05\x00\x01\x01\x01\x01"sv));   // a connection over UDP
    CHECK(refused("\x02\x05\x09\x01\x01\x01\x01"sv));   // no such transport
    CHECK(refused("\x00\x05\x07\x01\x02\x03\x04"sv));   // an address of seven bytes
    CHECK(refused("\x0a\x05\x04\x01\x01\x01\x01xy"sv)); // half a binding's id
    CHECK_FALSE(refused("\x02\x05\x04\x01\x01\x01\x01"sv));
}

TEST_CASE("tokens: where libcrypto fails there is an error, no empty token and no id of zeros") {
    auto tokens = *Tokens::make(test_keys());
    const RouteToken route{Side::caller, wss_client()};
    const ContactToken contact{Side::caller, wss_client(), "sip:a@b", true};
    {
        const NoCipher broken;
        CHECK(to_error(tokens.seal_route(route, "call").error()) == Error::key_unusable);
        CHECK(to_error(tokens.seal_contact(contact, "call").error()) == Error::key_unusable);
        CHECK(to_error(tokens.binding_id("pbx", "sip:a@b", "sip:c@d", "", 0).error()) ==
              Error::key_unusable);
    }
    CHECK(tokens.seal_route(route, "call").has_value());
    CHECK(tokens.seal_contact(contact, "call").has_value());
    CHECK(tokens.binding_id("pbx", "sip:a@b", "sip:c@d", "", 0).has_value());
}

TEST_CASE("tokens: what an older version sealed opens, and is sealed the same") {
    constexpr std::string_view call_id = "a84b4c76e66710@192.0.2.1";
    Tokens tokens = make_tokens();
    const std::vector<routing::Place> places = every_place();
    const std::vector<std::string> routes{
        "EQHxDNRC3tvDlftbb_EfEa6ZB1jAfBn9RQ",
        "EQHPDlSufqq_aP1AFLvfARLy9kbpUAuwjHpLmvu991ZO-nHX44pMkvw",
        "EQHU84t4VcBN7VXxZlEk-fzHp30zyjqmJ3Y_",
        "EQHL2le41Kuvi0q-35RxmYcrH6C10HD71MUpJiGdncASIYq--VV6ootExRE",
        "EQGuH6nGkoBcVkDzngEtlDNEnERfqIkojw",
        "EQFBMI9dtdOiplps7hbmMNrRj8XnbECKOUGsonJliCVoj5lT1f7wzkgs"};
    REQUIRE(routes.size() == places.size());
    for (std::size_t i = 0; i < places.size(); ++i) {
        CHECK(*tokens.seal_route({Side::callee, places[i]}, call_id) == routes[i]);
        CHECK(tokens.open_route(routes[i], call_id)->place == places[i]);
    }
    constexpr std::string_view contact =
        "eaaqg5rmwqdhpinhjeyjudd6ikodjzdccx4pj5kr2z7kqcolotu5bpyjulz4imaq5rrutmuunhmfpunl2bmvbj7in"
        "ocr6jfncib5fknio5wgxcmuytqa";
    constexpr std::string_view uri = "sip:alice@192.0.2.1:5060";
    CHECK(*tokens.seal_contact({Side::caller, places.back(), std::string(uri), true}, call_id) ==
          contact);
    CHECK(tokens.open_contact(contact, call_id)->uri == uri);
    constexpr std::string_view path = "MQGa9OmSjM8QPuktGSDV7b8dZTT1VYTS4YJYtWgPVdzYN6Aavl6FRpVxgIU";
    const auto client = std::get<ClientPlace>(places.back());
    CHECK(*tokens.seal_path({7, true, client}) == path);
    CHECK(tokens.open_path(path)->place == client);
}
