#include "crypto/mac.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

using namespace roundabout::crypto;

TEST_CASE("HMAC: field borders, every field and the key count") {
    const std::vector<std::uint8_t> key{1, 2, 3};
    const std::vector<std::uint8_t> other{1, 2, 4};
    const Digest digest = *hmac(key, {"ab", "c"});
    CHECK(*hmac(key, {"ab", "c"}) == digest);
    CHECK(*hmac(key, {"a", "bc"}) != digest);
    CHECK(*hmac(key, {"abc"}) != digest);
    CHECK(*hmac(key, {"ab", "c", ""}) != digest);
    CHECK(*hmac(other, {"ab", "c"}) != digest);
}

TEST_CASE("HMAC: a key given once serves any number of texts, short and long") {
    const std::vector<std::uint8_t> key(32, 7);
    const std::string long_text(1000, 'x');
    Hmac keyed = *Hmac::make(key);
    for (int turn = 0; turn < 3; ++turn) {
        CHECK(*keyed.of({"alice", "pbx"}) == *hmac(key, {"alice", "pbx"}));
        CHECK(*keyed.of({long_text, ""}) == *hmac(key, {long_text, ""}));
        CHECK(*keyed.of({}) == *hmac(key, {}));
    }
}

TEST_CASE("HMAC: it is HMAC-SHA-256 over lengths and texts") {
    // By: printf '\x02\0\0\0ab' | openssl dgst -sha256 -mac HMAC -macopt hexkey:010203
    const std::vector<std::uint8_t> key{1, 2, 3};
    const Digest digest = *hmac(key, {"ab"});
    std::string hex;
    for (const std::uint8_t byte : digest) {
        hex.push_back("0123456789abcdef"[byte >> 4U]);
        hex.push_back("0123456789abcdef"[byte & 0xFU]);
    }
    CHECK(hex == "88d154fda400793317080ce8c2190e08ceeca146bca5348c4b7a207bcb590448");
}
