#include "transport/stun.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace roundabout;
using namespace roundabout::transport;
using namespace std::string_literals;

namespace {

// RFC 5769 §2.1's transaction id.
const std::string id = "\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae"s;
const std::string cookie = "\x21\x12\xa4\x42"s;

std::string request(std::string_view attributes = {}) {
    std::string out = "\x00\x01"s;
    out.push_back(static_cast<char>(attributes.size() >> 8U));
    out.push_back(static_cast<char>(attributes.size() & 0xFFU));
    return out + cookie + id + std::string(attributes);
}

// RFC 5769 §2.1: a request with SOFTWARE, PRIORITY, ICE-CONTROLLED, USERNAME, MESSAGE-INTEGRITY and
// FINGERPRINT.
const std::string rfc5769_request =
    "\x00\x01\x00\x58\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae"
    "\x80\x22\x00\x10STUN test client"
    "\x00\x24\x00\x04\x6e\x00\x01\xff"
    "\x80\x29\x00\x08\x93\x2f\xf9\xb1\x51\x26\x3b\x36"
    "\x00\x06\x00\x09\x65\x76\x74\x6a\x3a\x68\x36\x76\x59\x20\x20\x20"
    "\x00\x08\x00\x14\x9a\xea\xa7\x0c\xbf\xd8\xcb\x56\x78\x1e\xf2\xb5\xb2\xd3\xf2\x49\xc1\xb5\x71"
    "\xa2"
    "\x80\x28\x00\x04\xe5\x7a\x3b\xcf"s;

const Endpoint v4_source = *Endpoint::parse("192.0.2.1:32853");
const Endpoint v6_source = *Endpoint::parse("[2001:db8:1234:5678:11:2233:4455:6677]:32853");

} // namespace

TEST_CASE("R38 STUN: a binding request is answered with XOR-MAPPED-ADDRESS as in RFC 5769 2.2") {
    CHECK(answer_stun(request(), v4_source) ==
          "\x01\x01\x00\x0c"s + cookie + id + "\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43"s);
}

TEST_CASE("R38 STUN: an IPv6 source is masked with the transaction id as in RFC 5769 2.3") {
    CHECK(answer_stun(request(), v6_source) ==
          "\x01\x01\x00\x18"s + cookie + id +
              "\x00\x20\x00\x14\x00\x02\xa1\x47"
              "\x01\x13\xa9\xfa\xa5\xd3\xf1\x79\xbc\x25\xf4\xb5\xbe\xd2\xb9\xd9"s);
}

TEST_CASE("STUN: a request with FINGERPRINT gets one back, and its own must be right") {
    const std::string fingerprint = "\x80\x28\x00\x04"s;
    // PRIORITY is comprehension-required and none of a keepalive's business: 420.
    const std::string answer = answer_stun(rfc5769_request, v4_source);
    REQUIRE(answer.size() > 28);
    CHECK(answer.substr(0, 2) == "\x01\x11"s);
    CHECK(answer.substr(24, 4) == "\x00\x00\x04\x14"s);
    CHECK(answer.find("\x00\x0a\x00\x02\x00\x24"s) != std::string::npos);
    CHECK(answer.substr(answer.size() - 8, 4) == fingerprint);
    std::string wrong = rfc5769_request;
    wrong.back() = static_cast<char>(wrong.back() ^ 1);
    CHECK(answer_stun(wrong, v4_source).empty());
}

TEST_CASE("STUN: the answer's FINGERPRINT is the CRC-32 of what stands before it") {
    // Both checksums were computed by zlib.
    const std::string asked = request("\x80\x28\x00\x04\xfd\xf6\xae\x02"s);
    CHECK(answer_stun(asked, v4_source) == "\x01\x01\x00\x14"s + cookie + id +
                                               "\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43"
                                               "\x80\x28\x00\x04\x7d\x28\x1f\x59"s);
    const std::string misplaced = request("\x80\x28\x00\x04\xfd\xf6\xae\x02\x80\x22\x00\x00"s);
    CHECK(answer_stun(misplaced, v4_source).empty());
}

TEST_CASE("STUN: optional attributes are passed over, padding included") {
    const std::string software = "\x80\x22\x00\x05right\x00\x00\x00"s;
    CHECK(answer_stun(request(software), v4_source) == answer_stun(request(), v4_source));
}

TEST_CASE("STUN: what is no well-formed binding request is not answered") {
    const std::string good = request();
    CHECK(is_stun(good));
    CHECK_FALSE(is_stun(good.substr(0, 19)));
    CHECK_FALSE(is_stun("OPTIONS sip:a SIP/2.0\r\n\r\n"));
    CHECK(answer_stun(good + "\x00\x00\x00\x00"s, v4_source).empty());
    CHECK(answer_stun(request("\x80\x22\x00\x08"
                              "abcd"s),
                      v4_source)
              .empty());
    CHECK(answer_stun(request("\x80\x22"s), v4_source).empty());
    std::string indication = good;
    indication[1] = 0x11;
    CHECK(is_stun(indication));
    CHECK(answer_stun(indication, v4_source).empty());
    std::string no_cookie = good;
    no_cookie[4] = 0;
    CHECK_FALSE(is_stun(no_cookie));
}

TEST_CASE("STUN: many unknown attributes do not make a long answer") {
    std::string attributes;
    for (int i = 0; i < 300; ++i)
        attributes += "\x7f\x00\x00\x00"s;
    const std::string answer = answer_stun(request(attributes), v4_source);
    CHECK(answer.substr(0, 2) == "\x01\x11"s);
    CHECK(answer.size() < 100);
}
