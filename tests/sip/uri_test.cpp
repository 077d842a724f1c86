#include "sip/uri.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::sip;

namespace {

[[nodiscard]] Uri parsed(std::string_view text) {
    CAPTURE(text);
    const Result<Uri> uri = parse_uri(text);
    REQUIRE(uri.has_value());
    CHECK(uri->text == text);
    return *uri;
}

void check_refused(std::string_view text) {
    CAPTURE(text);
    const Result<Uri> uri = parse_uri(text);
    REQUIRE(uri.has_error());
    CHECK(to_error(uri.error()) == Error::bad_request_uri);
}

} // namespace

TEST_CASE("URI: all parts are found") {
    const Uri uri = parsed("SiP:alice:secret@Example.COM:5061;transport=tls;lr?subject=x&to=y");
    CHECK(uri.scheme == Uri::Scheme::sip);
    CHECK(uri.has_user);
    CHECK(uri.userinfo == "alice:secret");
    CHECK(uri.user == "alice");
    CHECK(uri.host == "Example.COM");
    CHECK(uri.port == 5061);
    CHECK(uri.host_port == "Example.COM:5061");
    CHECK(uri.parameters == "transport=tls;lr");
    CHECK(uri.headers == "subject=x&to=y");
}

TEST_CASE("URI: a host alone has no user, port, parameters or headers") {
    const Uri uri = parsed("sips:host_1.example");
    CHECK(uri.scheme == Uri::Scheme::sips);
    CHECK_FALSE(uri.has_user);
    CHECK(uri.userinfo.empty());
    CHECK(uri.host == "host_1.example");
    CHECK_FALSE(uri.port.has_value());
    CHECK(uri.host_port == "host_1.example");
    CHECK(uri.parameters.empty());
    CHECK(uri.headers.empty());
}

TEST_CASE("URI: ';', '?', ',' and '/' before '@' belong to the user") {
    const Uri uri = parsed("sip:user;par=u%40example.net@example.com;x");
    CHECK(uri.user == "user;par=u%40example.net");
    CHECK(uri.host == "example.com");
    CHECK(uri.parameters == "x");
    const Uri odd = parsed("sip:1_u.U~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1*pas$wo~d@a.b");
    CHECK(odd.user == "1_u.U~(to-be!sure)&isn't+it$/crazy?,/;;*");
    CHECK(odd.host == "a.b");
    CHECK(odd.headers.empty());
}

TEST_CASE("URI: feature codes with a bare '#' are let pass") {
    CHECK(parsed("sip:*21#0301234#@pbx").user == "*21#0301234#");
}

TEST_CASE("URI: escapes are left as they are, also of NUL") {
    CHECK(parsed("sip:sips%3Auser%40example.com@example.net").user == "sips%3Auser%40example.com");
    CHECK(parsed("sip:null-%00-null@example.com").user == "null-%00-null");
    CHECK(parsed("sip:a;x=%41?b=%42").parameters == "x=%41");
    for (const char* text : {"sip:a%@b", "sip:a%4@b", "sip:a%4g@b", "sip:a;x=%", "sip:a;x=%4",
                             "sip:a?x=%4", "sip:a%b"})
        check_refused(text);
}

TEST_CASE("R45 URI: IPv6 stands in brackets, a port inside them is none") {
    const Uri plain = parsed("sip:u@[2001:db8::10]:5070;lr");
    CHECK(plain.host == "[2001:db8::10]");
    CHECK(plain.port == 5070);
    CHECK(plain.host_port == "[2001:db8::10]:5070");
    const Uri ambiguous = parsed("sip:[2001:db8::10:5070]");
    CHECK(ambiguous.host == "[2001:db8::10:5070]");
    CHECK_FALSE(ambiguous.port.has_value());
    CHECK(parsed("sip:[::ffff:192.0.2.1]").host == "[::ffff:192.0.2.1]");
    for (const char* text : {"sip:2001:db8::10", "sip:u@2001:db8::10", "sip:[2001:db8::10",
                             "sip:2001:db8::10]", "sip:[]", "sip:[192.0.2.1]", "sip:[host]",
                             "sip:[2001:db8::10]x", "sip:[2001:db8::10][2001:db8::10]"})
        check_refused(text);
}

TEST_CASE("R45 URI: three colons, which RFC 3261's ABNF allows by mistake, are tolerated") {
    CHECK(parsed("sip:u@[2001:db8:::192.0.2.1]").host == "[2001:db8:::192.0.2.1]");
}

TEST_CASE("URI: a port has digits and fits 16 bits") {
    CHECK(parsed("sip:a:65535").port == 65535);
    CHECK(parsed("sip:a:0005060").port == 5060);
    for (const char* text : {"sip:a:", "sip:a:65536", "sip:a:4294972356", "sip:a:-1", "sip:a:5060x",
                             "sip:a:50 60", "sip:a:;lr", "sip:a:?x=y", "sip:a:5060:5060"})
        check_refused(text);
}

TEST_CASE("URI: what cannot stand in a URI is refused") {
    for (const char* text :
         {"",        "sip",         "sip:",           "sips:",     ":a",
          "sip:@a",  "sip::pw@a",   "sip:a@",         "sip:a@b@c", "sip: a",
          "sip:a b", " sip:a",      "sip:a ",         "<sip:a>",   "sip:a>",
          "sip:a;",  "sip:a;;lr",   "sip:a;=x",       "sip:a; lr", "sip:a;x=\"y\"",
          "sip:a?",  "sip:a?x=y?<", "sip:a;x=y,z",    "sip:a\tb",  "sip:a\r\n b",
          "sip:a/b", "sip:\"a\"@b", "sip:\xC3\xA4@b", "1x:y",      "http",
          "http:",   "ht_tp:x",     "http:a b",       "http:<a>",  "tel:\"1\""})
        check_refused(text);
    check_refused(std::string_view("sip:a\0b", 7));
    check_refused(std::string_view("tel:1\0", 6));
}

TEST_CASE("URI: of other schemes nothing is read but the scheme") {
    const Uri tel = parsed("TEL:+49-30;phone-context=x?y");
    CHECK(tel.scheme == Uri::Scheme::tel);
    CHECK_FALSE(tel.is_sip());
    CHECK(tel.host.empty());
    CHECK(tel.parameters.empty());
    CHECK(parsed("soap.beep://192.0.2.103:3002").scheme == Uri::Scheme::other);
    CHECK(parsed("nobodyKnowsThisScheme:totallyopaquecontent").scheme == Uri::Scheme::other);
    CHECK(parsed("sipx:a").scheme == Uri::Scheme::other);
}

TEST_CASE("URI: a parameter is found by name in any case, the first one counts") {
    const Uri uri = parsed("sip:a;LR;transport=TCP;x=;X=2;y=a=b");
    CHECK(uri.parameter("lr") == "");
    CHECK(uri.parameter("Transport") == "TCP");
    CHECK(uri.parameter("x") == "");
    CHECK(uri.parameter("y") == "a=b");
    CHECK_FALSE(uri.parameter("r").has_value());
    CHECK_FALSE(uri.parameter("").has_value());
    CHECK_FALSE(parsed("sip:lr@a?lr=x").parameter("lr").has_value());
}

TEST_CASE("URI: with_parameter replaces where the parameter stands, else appends one") {
    const auto with = [](std::string_view text, std::string_view name, std::string_view value) {
        return with_parameter(parsed(text), name, value);
    };
    CHECK(with("sip:a", "rb", "1") == "sip:a;rb=1");
    CHECK(with("sip:u@a:5060;lr?x=y", "rb", "1") == "sip:u@a:5060;lr;rb=1?x=y");
    CHECK(with("sip:[2001:db8::1]?x=y", "rb", "1") == "sip:[2001:db8::1];rb=1?x=y");
    CHECK(with("sip:a;Transport=ws;lr", "transport", "tcp") == "sip:a;transport=tcp;lr");
    CHECK(with("sip:a;lr;ob", "lr", "") == "sip:a;lr;ob");
    CHECK(with("sip:a;x", "lr", "") == "sip:a;x;lr");
    CHECK(with("tel:+1;phone-context=x", "rb", "1") == "tel:+1;phone-context=x;rb=1");
}

TEST_CASE("URI: with_parameter never leaves a second one behind") {
    CHECK(with_parameter(parsed("sip:a;transport=ws;x;TRANSPORT=udp"), "transport", "tcp") ==
          "sip:a;transport=tcp;x");
}

TEST_CASE("URI: unescape resolves what is an escape and nothing else") {
    CHECK(unescape("sips%3Auser%40a") == "sips:user@a");
    CHECK(unescape("%00") == std::string(1, '\0'));
    CHECK(unescape("%Z%45%") == "%ZE%");
    CHECK(unescape("%4") == "%4");
    CHECK(unescape("%2541") == "%41");
    CHECK(unescape("").empty());
}
