#include "crypto/encoding.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace roundabout::crypto;

TEST_CASE("base32: the vectors of RFC 4648 §10, in lower case and without padding") {
    CHECK(to_base32("") == "");
    CHECK(to_base32("f") == "my");
    CHECK(to_base32("fo") == "mzxq");
    CHECK(to_base32("foo") == "mzxw6");
    CHECK(to_base32("foob") == "mzxw6yq");
    CHECK(to_base32("fooba") == "mzxw6ytb");
    CHECK(to_base32("foobar") == "mzxw6ytboi");
}

TEST_CASE("base32: decoded in any case, since URI parameters compare so") {
    CHECK(*from_base32("MzXw6YtBoI") == "foobar");
}

TEST_CASE("base64url: the vectors of RFC 4648 §10, and the URL alphabet") {
    CHECK(to_base64url("foobar") == "Zm9vYmFy");
    CHECK(to_base64url("fooba") == "Zm9vYmE");
    CHECK(to_base64url("\xff\xff\xfe") == "___-");
    CHECK(*from_base64url("___-") == "\xff\xff\xfe");
}

TEST_CASE("encodings: a text that no encoder writes is refused") {
    for (const auto* text : {"1", "m", "mz=", "m1", "mzx", "mz!q", "mb"}) {
        CAPTURE(text);
        CHECK_FALSE(from_base32(text).has_value());
    }
    for (const auto* text : {"Z", "Zm9=", "Zn", "Zm9+", "Zm 9"}) {
        CAPTURE(text);
        CHECK_FALSE(from_base64url(text).has_value());
    }
}

TEST_CASE("encodings: any bytes come back") {
    std::mt19937 random(1);
    for (std::size_t size = 0; size < 70; ++size) {
        std::string bytes(size, '\0');
        for (char& byte : bytes)
            byte = static_cast<char>(random());
        CHECK(*from_base32(to_base32(bytes)) == bytes);
        CHECK(*from_base64url(to_base64url(bytes)) == bytes);
    }
}
