#include "base/siphash.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using roundabout::HashKey;
using roundabout::SipHash;

namespace {
constexpr HashKey key{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};
}

TEST_CASE("SipHash: the same fields under the same key hash alike, whatever was hashed before") {
    CHECK(SipHash(key).field("INVITE").field("abc").finish() ==
          SipHash(key).field("INVITE").field("abc").finish());
}

TEST_CASE("SipHash: where one field ends and the next begins matters") {
    CHECK(SipHash(key).field("ab").field("c").finish() !=
          SipHash(key).field("a").field("bc").finish());
    CHECK(SipHash(key).field("").field("abc").finish() !=
          SipHash(key).field("abc").field("").finish());
}

TEST_CASE("SipHash: every byte of a long field counts") {
    const std::string plain(1000, 'a');
    const std::uint64_t hash = SipHash(key).field(plain).finish();
    for (std::size_t i = 0; i < plain.size(); ++i) {
        std::string changed = plain;
        changed[i] = 'b';
        CHECK(SipHash(key).field(changed).finish() != hash);
    }
}

TEST_CASE("SipHash: another key gives another hash") {
    CHECK(SipHash(key).field("x").finish() != SipHash(HashKey{1, 2}).field("x").finish());
}

TEST_CASE("SipHash: a view of nothing hashes like an empty string") {
    CHECK(SipHash(key).field(std::string_view{}).finish() == SipHash(key).field("").finish());
}
