#include "sip/uri.hpp"

#include <doctest/doctest.h>

using namespace roundabout;
using namespace roundabout::sip;

namespace {

/// Asked in both directions, which must agree.
[[nodiscard]] bool equal(std::string_view a, std::string_view b) {
    CAPTURE(a);
    CAPTURE(b);
    const Result<Uri> left = parse_uri(a);
    const Result<Uri> right = parse_uri(b);
    REQUIRE(left.has_value());
    REQUIRE(right.has_value());
    const bool result = equivalent(*left, *right);
    CHECK(equivalent(*right, *left) == result);
    return result;
}

} // namespace

TEST_CASE("URI equality: RFC 3261 19.1.4's examples of URIs that are equal") {
    CHECK(equal("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"));
    CHECK(equal("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"));
    CHECK(equal("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"));
    CHECK(equal("sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com"));
    CHECK(equal("sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x"));
}

TEST_CASE("URI equality: RFC 3261 19.1.4's examples of URIs that differ") {
    CHECK_FALSE(
        equal("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"));
    CHECK_FALSE(equal("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"));
    CHECK_FALSE(equal("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"));
    CHECK_FALSE(equal("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"));
    CHECK_FALSE(equal("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"));
    CHECK_FALSE(equal("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"));
    CHECK_FALSE(equal("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"));
}

TEST_CASE("URI equality: a parameter that may not stand alone makes the difference") {
    for (const char* parameter :
         {";user=ip", ";ttl=1", ";method=INVITE", ";maddr=192.0.2.1", ";Transport=udp"}) {
        CHECK_FALSE(equal("sip:a@b", "sip:a@b" + std::string(parameter)));
        CHECK(equal("sip:a@b;x" + std::string(parameter), "sip:a@b" + std::string(parameter)));
    }
}

TEST_CASE("URI equality: sip and sips differ, so do a user and none, and passwords") {
    CHECK_FALSE(equal("sip:a@b", "sips:a@b"));
    CHECK_FALSE(equal("sip:b", "sip:a@b"));
    CHECK_FALSE(equal("sip:a:x@b", "sip:a:y@b"));
    CHECK_FALSE(equal("sip:a@b", "sip:a:x@b"));
}

TEST_CASE("URI equality: an escape equals its character, but a reserved character does not") {
    CHECK(equal("sip:%7eal%69ce@b", "sip:~alice@b"));
    CHECK(equal("sip:a%2fb@c", "sip:a%2Fb@c"));
    CHECK_FALSE(equal("sip:a%2fb@c", "sip:a/b@c"));
    CHECK_FALSE(equal("sip:a%3bx=1@c", "sip:a;x=1@c"));
    CHECK_FALSE(equal("sip:%00@c", "sip:%00%00@c"));
    CHECK_FALSE(equal("sip:al%49ce@b", "sip:alice@b"));
}

TEST_CASE("URI equality: headers count each for itself") {
    CHECK_FALSE(equal("sip:a?x=1", "sip:a?x=1&y=2"));
    CHECK_FALSE(equal("sip:a?x=1", "sip:a?x=2"));
    CHECK(equal("sip:a?X=1", "sip:a?x=1"));
    CHECK_FALSE(equal("sip:a?x=b", "sip:a?x=B"));
}

TEST_CASE("URI equality: other schemes are compared byte for byte, the scheme in any case") {
    CHECK(equal("TEL:+49", "tel:+49"));
    CHECK_FALSE(equal("tel:+49", "tel:+4"));
    CHECK_FALSE(equal("isbn:2983792873", "ISBN:298379287x"));
    CHECK_FALSE(equal("a:x", "b:x"));
    CHECK_FALSE(equal("tel:49", "sip:49"));
}
