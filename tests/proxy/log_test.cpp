#include "proxy/log.hpp"

#include <doctest/doctest.h>

#include <string>

using roundabout::proxy::masked;

namespace {

std::string with(const std::string& lines, const std::string& body = {}) {
    return "REGISTER sip:example.com SIP/2.0\r\n" + lines + "\r\n" + body;
}

} // namespace

TEST_CASE("A message without credentials is logged as it is") {
    const std::string plain = with("Via: SIP/2.0/UDP a.test;branch=z9hG4bK1\r\nCall-ID: 1\r\n");
    CHECK(masked(plain) == plain);
    CHECK(masked("").empty());
}

TEST_CASE("What follows the scheme of Authorization and Proxy-Authorization is masked") {
    CHECK(
        masked(with("Authorization: Digest username=\"al\", response=\"6629\"\r\nCSeq: 1 X\r\n")) ==
        with("Authorization: Digest ***\r\nCSeq: 1 X\r\n"));
    CHECK(masked(with("Proxy-Authorization: Basic YWw6cHc=\r\n")) ==
          with("Proxy-Authorization: Basic ***\r\n"));
}

TEST_CASE("The header's name is found in any case and with space around it") {
    CHECK(masked(with("AUTHORIZATION:Digest secret\r\n")) == with("AUTHORIZATION:Digest ***\r\n"));
    CHECK(masked(with("proxy-authorization \t:  Digest secret\r\n")) ==
          with("proxy-authorization \t:  Digest ***\r\n"));
}

TEST_CASE("Each of several rows is masked") {
    CHECK(masked(with("Authorization: Digest a\r\nTo: x\r\nAuthorization: Digest b\r\n")) ==
          with("Authorization: Digest ***\r\nTo: x\r\nAuthorization: Digest ***\r\n"));
}

TEST_CASE("A folded continuation of credentials is masked with them") {
    CHECK(masked(with("Authorization: Digest username=\"al\",\r\n response=\"6629\",\r\n\tnc=1\r\n"
                      "To: x\r\n y\r\n")) == with("Authorization: Digest ***\r\nTo: x\r\n y\r\n"));
    CHECK(masked(with("Authorization:\r\n Digest secret\r\n")).find("secret") == std::string::npos);
}

TEST_CASE("Other headers that speak of authorization stay readable") {
    const std::string other = with("WWW-Authenticate: Digest realm=\"r\"\r\n"
                                   "X-Authorization: Digest a\r\nAuthorization-Info: b\r\n"
                                   "Subject: Authorization: Digest c\r\n");
    CHECK(masked(other) == other);
}

TEST_CASE("The body is not looked into, even right behind credentials") {
    const std::string body = "Authorization: Digest mine\r\n folded\r\n\r\nAuthorization: x";
    CHECK(masked(with("Authorization: Digest secret\r\n", body)) ==
          with("Authorization: Digest ***\r\n", body));
}

TEST_CASE("Credentials that break off are masked as well") {
    const std::string cut = "REGISTER sip:a SIP/2.0\r\nAuthorization: Digest secr";
    CHECK(masked(cut).find("secr") == std::string::npos);
}
