#include "base/siphash.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
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

TEST_CASE("SipHash: a field of each size gives for ever what older versions wrote into branches") {
    constexpr std::array<std::uint64_t, 18> known{
        0x04680be5cac1719bULL, 0xba3afa7007bbc583ULL, 0x5d2da9dbf695e331ULL, 0xb291beaa0994be91ULL,
        0x775e330669bf9cb7ULL, 0xb393667ef98d7de7ULL, 0xdee8d8271e51531bULL, 0x9c18bc1f8768ee32ULL,
        0x52efed12bcbb01ebULL, 0xffe9d128a617e31bULL, 0xf4cd16a0dfd7468cULL, 0x0e86f95268b88fffULL,
        0x313064219e5bd0ceULL, 0x8a0f3d776198cb38ULL, 0xe1f36397e86253aaULL, 0x10652b5c400d13e2ULL,
        0x2d950f21504f0443ULL, 0xb3e135af463ecb8cULL};
    std::string text;
    for (int i = 0; i < 40; ++i)
        text.push_back(static_cast<char>(i * 37 + 200));
    for (std::size_t size = 0; size < known.size(); ++size)
        CHECK(SipHash(key).field(std::string_view(text).substr(0, size)).finish() == known[size]);
    CHECK(SipHash(key).field(text).field(std::uint64_t{7}).field("z9hG4bK").field("").finish() ==
          0x50f7895037dc539fULL);
}
