#include "sip/values.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace roundabout;
using namespace roundabout::sip;

namespace {

[[nodiscard]] NameAddr parsed(std::string_view value) {
    CAPTURE(value);
    const Result<NameAddr> address = parse_name_addr(value);
    REQUIRE(address.has_value());
    return *address;
}

} // namespace

TEST_CASE("name-addr: all parts are found") {
    const NameAddr address =
        parsed(R"("Bob \"B\" <x>" <sip:bob@example.com;lr?a=b>;tag=7;q="a;b")");
    CHECK(address.display == R"("Bob \"B\" <x>")");
    CHECK(address.uri == "sip:bob@example.com;lr?a=b");
    CHECK(address.bracketed);
    CHECK(address.tag() == "7");
    CHECK(address.parameters.find("q") == "\"a;b\"");
    CHECK(address.parameters.text() == ";tag=7;q=\"a;b\"");
}

TEST_CASE("R7 name-addr: without brackets ';' begins the header's parameters") {
    const NameAddr address = parsed("sip:bob@example.com;user=phone ; tag = 7");
    CHECK_FALSE(address.bracketed);
    CHECK(address.display.empty());
    CHECK(address.uri == "sip:bob@example.com");
    CHECK(address.parameters.find("user") == "phone");
    CHECK(address.tag() == "7");
    CHECK(parsed("tel:+1;phone-context=x").uri == "tel:+1");
    CHECK(parsed("sip:bob@example.com ;x=\"<\"").uri == "sip:bob@example.com");
}

TEST_CASE("name-addr: without brackets ',' and '?' make it malformed") {
    CHECK(parse_name_addr("sip:user@example.com?Route=%3Csip:a%3E").has_error());
    CHECK(parse_name_addr("sip:a,b@example.com").has_error());
    CHECK(parsed("<sip:user@example.com?Route=%3Csip:a%3E>").uri ==
          "sip:user@example.com?Route=%3Csip:a%3E");
}

TEST_CASE("R37 name-addr: white space may be missing before '<', or be there and folded") {
    CHECK(parsed("caller<sip:a@b>;tag=1").display == "caller");
    CHECK(parsed("\"x\"<sip:a@b>").display == "\"x\"");
    const NameAddr folded = parsed("\"J \\\\\\\"\"   <sip:a@b>\r\n  ;\r\n  tag = 98");
    CHECK(folded.display == "\"J \\\\\\\"\"");
    CHECK(folded.tag() == "98");
    CHECK(parsed("<sip:a@b>").display.empty());
}

TEST_CASE("name-addr: a display name without quotes may have more than tokens, if it stays clear") {
    CHECK(parsed("token1~` token2'+_ token3*%!.- <sip:a@b>").display ==
          "token1~` token2'+_ token3*%!.-");
    CHECK(parsed("J\xC3\xBCrgen (Sales): 2/3 <sip:a@b>").display == "J\xC3\xBCrgen (Sales): 2/3");
    for (const char* value : {"Bell, Alexander <sip:a@b>", "a;b <sip:a@b>", "a>b <sip:a@b>",
                              "a \"b\" <sip:a@b>", "a\x01 <sip:a@b>", "a\x7f <sip:a@b>"}) {
        CAPTURE(value);
        CHECK(parse_name_addr(value).has_error());
    }
}

TEST_CASE("name-addr: any scheme is taken, its text is not read") {
    CHECK(parsed("isbn:2983792873").uri == "isbn:2983792873");
    CHECK(parsed("<http://www.example.com>;tag=1").uri == "http://www.example.com");
}

TEST_CASE("name-addr: a quoted pair may hold any octet but CR and LF") {
    const std::string nul(1, '\0');
    const std::string value = "\"BEL:\\\x07 NUL:\\" + nul + " DEL:\\\x7f\" <sip:a@b>";
    CHECK(parsed(value).uri == "sip:a@b");
}

TEST_CASE("name-addr: a malformed value is refused") {
    for (const char* value : {"",
                              "<>",
                              "<sip:a@b",
                              "sip:a@b>",
                              "< sip:a@b>",
                              "<sip:a@b >",
                              "<sip:a b>",
                              "<a@b>",
                              "a@b",
                              "\"Mr. J. User <sip:a@b>",
                              "\"x\" sip:a@b",
                              "\"x\"",
                              "\"x\"y <sip:a@b>",
                              "<sip:a@b> x",
                              "<sip:a@b>;",
                              "<sip:a@b>;;",
                              "<sip:a@b>;=1",
                              "<sip:a@b>;tag=",
                              "<sip:a@b>;tag=\"x",
                              "<sip:a@b>, <sip:c@d>",
                              "<sip:a@b><sip:c@d>",
                              "<<sip:a@b>>",
                              "x sip:a@b",
                              "sip:a@b x",
                              "sip:a@b;tag=1 2",
                              "*"}) {
        CAPTURE(value);
        const Result<NameAddr> address = parse_name_addr(value);
        REQUIRE(address.has_error());
        CHECK(to_error(address.error()) == Error::bad_from_or_to);
    }
}
