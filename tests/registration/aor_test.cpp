#include "registration/aor.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace roundabout;
using registration::canonical_aor;
using registration::user_of_aor;

TEST_CASE("AOR: parameters, headers, password and the case of the host make no difference") {
    for (const auto* uri :
         {"sip:alice@example.com", "sips:alice@example.com", "sip:alice@EXAMPLE.Com",
          "sip:alice@example.com;user=phone;transport=tcp", "sip:alice:secret@example.com",
          "sip:alice@example.com?Subject=x", "SIP:%61lice@example.com",
          "sip:%61%6c%69ce@example.com"}) {
        CAPTURE(uri);
        CHECK(*canonical_aor(uri) == "sip:alice@example.com");
    }
}

TEST_CASE("AOR: the user's case, its port and its host keep users apart") {
    CHECK(*canonical_aor("sip:Alice@example.com") == "sip:Alice@example.com");
    CHECK(*canonical_aor("sip:alice@example.com:5070") == "sip:alice@example.com:5070");
    CHECK(*canonical_aor("sip:example.com") == "sip:example.com");
    CHECK(*canonical_aor("sip:alice@[2001:DB8:0::1]") == "sip:alice@[2001:db8::1]");
}

TEST_CASE("AOR: an escaped NUL stays escaped, and two are not one") {
    CHECK(*canonical_aor("sip:null-%00-null@example.com") == "sip:null-%00-null@example.com");
    CHECK(*canonical_aor("sip:%00@example.com") != *canonical_aor("sip:%00%00@example.com"));
    CHECK(user_of_aor("sip:%00%00@example.com") == std::string(2, '\0'));
}

TEST_CASE("AOR: what can't stand as itself is escaped, in upper case") {
    CHECK(*canonical_aor("sip:a%40b%3a%22@example.com") == "sip:a%40b%3A%22@example.com");
    CHECK(*canonical_aor("sip:a%3Bb;c@example.com") == "sip:a;b;c@example.com");
    CHECK(*canonical_aor("sip:%c3%a9@example.com") == "sip:%C3%A9@example.com");
}

TEST_CASE("AOR: its user is what was unescaped") {
    CHECK(user_of_aor(*canonical_aor("sip:a%40b@example.com")) == "a@b");
    CHECK(user_of_aor("sip:example.com").empty());
    CHECK(user_of_aor("").empty());
}

TEST_CASE("AOR: other schemes and malformed URIs have none") {
    CHECK(to_error(canonical_aor("tel:+4912345").error()) == Error::unsupported_scheme);
    CHECK(to_error(canonical_aor("sip:").error()) == Error::bad_request_uri);
    CHECK(to_error(canonical_aor("").error()) == Error::bad_request_uri);
}
