#include "sip/values.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::sip;

namespace {

[[nodiscard]] Via parsed(std::string_view value) {
    CAPTURE(value);
    const Result<Via> via = parse_via(value);
    REQUIRE(via.has_value());
    return *via;
}

} // namespace

TEST_CASE("Via: all parts are found") {
    const Via via =
        parsed("SIP/2.0/UDP pc33.example.com:5066;branch=z9hG4bK77;rport;RECEIVED=192.0.2.1");
    CHECK(via.protocol == "SIP/2.0");
    CHECK(via.transport == "UDP");
    CHECK(via.sent_by == "pc33.example.com:5066");
    CHECK(via.host == "pc33.example.com");
    CHECK(via.port == 5066);
    CHECK(via.branch() == "z9hG4bK77");
    CHECK(via.parameters.find("rport") == "");
    CHECK(via.parameters.find("received") == "192.0.2.1");
    CHECK_FALSE(via.parameters.find("maddr").has_value());
}

TEST_CASE("R37 Via: white space and folds may stand around each slash, colon, semicolon, equals") {
    const Via via =
        parsed("SIP  / 2.0\r\n /TCP  a.example \t: 5060  ;\r\n branch \r\n =  z9hG4bK1 ; ttl = 1");
    CHECK(via.protocol == "SIP  / 2.0");
    CHECK(via.transport == "TCP");
    CHECK(via.host == "a.example");
    CHECK(via.port == 5060);
    CHECK(via.sent_by == "a.example \t: 5060");
    CHECK(via.branch() == "z9hG4bK1");
    CHECK(via.parameters.find("ttl") == "1");
}

TEST_CASE("Via: a transport that nobody knows is read like any other") {
    CHECK(parsed("SIP/2.0/UNKNOWN a;branch=x").transport == "UNKNOWN");
    CHECK(parsed("SIP/2.0/TLS-SCTP a").transport == "TLS-SCTP");
}

TEST_CASE("R45 Via: sent-by has IPv6 in brackets, received with or without them") {
    const Via via =
        parsed("SIP/2.0/UDP [2001:db8::9:1]:6060;received=2001:db8::9:255;branch=z9hG4bK1");
    CHECK(via.host == "[2001:db8::9:1]");
    CHECK(via.port == 6060);
    CHECK(via.parameters.find("received") == "2001:db8::9:255");
    CHECK(via.branch() == "z9hG4bK1");
    CHECK(parsed("SIP/2.0/UDP a;received=[2001:db8::9:255];branch=x").parameters.find("received") ==
          "[2001:db8::9:255]");
    CHECK(parsed("SIP/2.0/UDP [2001:db8:::192.0.2.1]").host == "[2001:db8:::192.0.2.1]");
    CHECK(parse_via("SIP/2.0/UDP 2001:db8::9:1;branch=x").has_error());
}

TEST_CASE("R28 Via: a branch has the magic cookie if something stands behind it") {
    CHECK(parsed("SIP/2.0/UDP a;branch=z9hG4bK1").has_magic_cookie());
    CHECK(parsed("SIP/2.0/UDP a;branch=Z9HG4BK1").has_magic_cookie());
    const Via bare = parsed("SIP/2.0/UDP a;branch=z9hG4bK");
    CHECK_FALSE(bare.has_magic_cookie());
    CHECK(bare.has_bare_cookie());
    const Via old = parsed("SIP/2.0/UDP a;branch=390skdjuw");
    CHECK_FALSE(old.has_magic_cookie());
    CHECK_FALSE(old.has_bare_cookie());
    const Via none = parsed("SIP/2.0/UDP a");
    CHECK(none.branch().empty());
    CHECK_FALSE(none.has_magic_cookie());
    CHECK_FALSE(none.has_bare_cookie());
}

TEST_CASE("Via: a malformed value is refused") {
    for (const char* value : {"",
                              "SIP",
                              "SIP/2.0",
                              "SIP/2.0/",
                              "SIP/2.0/UDP",
                              "SIP/2.0/UDP ",
                              "SIP/2.0 UDP a",
                              "/2.0/UDP a",
                              "SIP//UDP a",
                              "SIP/2.0/ a",
                              "SIP/2.0/UDPa",
                              "SIP/2.0/UDP[::1]",
                              "SIP/2.0/UDP ;branch=x",
                              "SIP/2.0/UDP a:",
                              "SIP/2.0/UDP a:x",
                              "SIP/2.0/UDP a:65536",
                              "SIP/2.0/UDP a:1 2",
                              "SIP/2.0/UDP a b",
                              "SIP/2.0/UDP a;;",
                              "SIP/2.0/UDP a;",
                              "SIP/2.0/UDP a;=x",
                              "SIP/2.0/UDP a;x=",
                              "SIP/2.0/UDP a;x=\"y",
                              "SIP/2.0/UDP a;x y",
                              "SIP/2.0/UDP a,b",
                              "SIP/2.0/UDP <a>",
                              "SIP/2.0/UDP [::1",
                              "SIP/2.0/UDP a;x=<y>"}) {
        CAPTURE(value);
        const Result<Via> via = parse_via(value);
        REQUIRE(via.has_error());
        CHECK(to_error(via.error()) == Error::bad_via);
    }
}

TEST_CASE("R34 Via: an rport with '=' and nothing behind it is one without a value") {
    for (const auto* text :
         {"SIP/2.0/UDP h;rport=;branch=z9hG4bK1",
          "SIP/2.0/UDP h;branch=z9hG4bK1;rport=", "SIP/2.0/UDP h;rport = ;branch=z9hG4bK1"}) {
        CAPTURE(text);
        const auto via = parse_via(text);
        REQUIRE(via.has_value());
        CHECK(via->branch() == "z9hG4bK1");
        CHECK(via->parameters.find("rport") == "");
    }
    CHECK_FALSE(parse_via("SIP/2.0/UDP h;branch=").has_value());
    CHECK_FALSE(parse_via("SIP/2.0/UDP h;ttl=;branch=z9hG4bK1").has_value());
}
