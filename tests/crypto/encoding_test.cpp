#include "crypto/encoding.hpp"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>
#include <string_view>

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

TEST_CASE("encodings: written behind what is there, and read into what was used before") {
    std::string text = "rb=";
    append_base32(text, "foobar");
    CHECK(text == "rb=mzxw6ytboi");
    append_base64url(text = "sip:", "foobar");
    CHECK(text == "sip:Zm9vYmFy");
    std::string bytes = "longer than what comes";
    REQUIRE(from_base32("mzxw6ytboi", bytes).has_value());
    CHECK(bytes == "foobar");
    REQUIRE(from_base64url("Zm9v", bytes).has_value());
    CHECK(bytes == "foo");
    CHECK_FALSE(from_base64url("Zm9v!", bytes).has_value());
}

TEST_CASE("base64url: into a place of fixed size goes only what fills it") {
    std::array<char, 5> bytes{};
    CHECK(from_base64url("Zm9vYmE", bytes).has_value());
    CHECK(std::string_view(bytes.data(), bytes.size()) == "fooba");
    for (const auto* text : {"", "Zm9vYg", "Zm9vYmFy", "Zm9vYm!"}) {
        CAPTURE(text);
        CHECK_FALSE(from_base64url(text, bytes).has_value());
    }
}

TEST_CASE("encodings: a wrong character is found wherever it stands") {
    const std::string base32(19, 'a');
    const std::string base64(19, 'A');
    for (std::size_t i = 0; i < base32.size(); ++i) {
        for (const char wrong : {'=', '1', '\0', '\xFF'}) {
            std::string text = base32;
            text[i] = wrong;
            CHECK_FALSE(from_base32(text).has_value());
        }
        for (const char wrong : {'=', '+', '\0', '\xFF'}) {
            std::string text = base64;
            text[i] = wrong;
            CHECK_FALSE(from_base64url(text).has_value());
        }
    }
}
