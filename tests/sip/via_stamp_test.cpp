#include "sip/via_stamp.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace roundabout::sip;

namespace {

std::string stamped(std::string_view via, std::string_view received = "192.0.2.9") {
    std::string out;
    append_stamped_via(out, via, received, 40000);
    return out;
}

} // namespace

TEST_CASE("R34 received is always added to the top Via") {
    CHECK(stamped("SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1") ==
          "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1;received=192.0.2.9");
    CHECK(stamped("SIP/2.0/UDP h") == "SIP/2.0/UDP h;received=192.0.2.9");
}

TEST_CASE("R34 an empty rport is filled, one with a value or none is left") {
    CHECK(stamped("SIP/2.0/UDP h;rport;branch=x") ==
          "SIP/2.0/UDP h;rport=40000;branch=x;received=192.0.2.9");
    CHECK(stamped("SIP/2.0/UDP h; RPort = ;branch=x") ==
          "SIP/2.0/UDP h; RPort =40000 ;branch=x;received=192.0.2.9");
    CHECK(stamped("SIP/2.0/UDP h;rport=7") == "SIP/2.0/UDP h;rport=7;received=192.0.2.9");
}

TEST_CASE("R34 a received that the sender wrote is replaced, in whatever form") {
    CHECK(stamped("SIP/2.0/UDP h;received=10.0.0.1;branch=x") ==
          "SIP/2.0/UDP h;branch=x;received=192.0.2.9");
    CHECK(stamped("SIP/2.0/UDP h ;\r\n Received = [2001:db8::9] ;branch=x;received") ==
          "SIP/2.0/UDP h  ;branch=x;received=192.0.2.9");
}

TEST_CASE("RFC 6223: a keep without value gets ours, one with a value or none is left") {
    const auto told = [](std::string_view via) {
        std::string out;
        append_stamped_via(out, via, "192.0.2.9", 40000, 25);
        return out;
    };
    CHECK(told("SIP/2.0/UDP h;keep;rport;branch=x") ==
          "SIP/2.0/UDP h;keep=25;rport=40000;branch=x;received=192.0.2.9");
    CHECK(told("SIP/2.0/UDP h;Keep = ") == "SIP/2.0/UDP h;Keep =25 ;received=192.0.2.9");
    CHECK(told("SIP/2.0/UDP h;keep=7") == "SIP/2.0/UDP h;keep=7;received=192.0.2.9");
    CHECK(told("SIP/2.0/UDP h;branch=x") == "SIP/2.0/UDP h;branch=x;received=192.0.2.9");
    CHECK(stamped("SIP/2.0/UDP h;keep") == "SIP/2.0/UDP h;keep;received=192.0.2.9");
}

TEST_CASE("R34 what looks like received inside quotes is left") {
    CHECK(stamped("SIP/2.0/UDP h;x=\"\\\";received=1\";branch=y") ==
          "SIP/2.0/UDP h;x=\"\\\";received=1\";branch=y;received=192.0.2.9");
}

TEST_CASE("R45 an IPv6 received has no brackets") {
    CHECK(stamped("SIP/2.0/UDP [2001:db8::1]:5060;rport", "2001:db8::9") ==
          "SIP/2.0/UDP [2001:db8::1]:5060;rport=40000;received=2001:db8::9");
}

TEST_CASE("a backslash outside of quotes escapes nothing") {
    CHECK(stamped("SIP/2.0/UDP h;x=\\;received=1") == "SIP/2.0/UDP h;x=\\;received=192.0.2.9");
}

TEST_CASE("a malformed Via is stamped all the same") {
    CHECK(stamped("SIP/2.0/UDP h;;") == "SIP/2.0/UDP h;;;received=192.0.2.9");
    CHECK(stamped(";x=\"open;rport") == ";x=\"open;rport;received=192.0.2.9");
    CHECK(stamped("") == ";received=192.0.2.9");
}

TEST_CASE("stamping twice with the same is stamping once") {
    const auto once = stamped("SIP/2.0/UDP h;rport ; received=1");
    CHECK(once == "SIP/2.0/UDP h;rport=40000 ;received=192.0.2.9");
    CHECK(stamped(once) == once);
}
