#include "base/siphash.hpp"

#include <bit>
#include <cstring>

namespace roundabout {

SipHash::SipHash(const HashKey& key) noexcept
    : v0_(key[0] ^ 0x736f6d6570736575ULL)
    , v1_(key[1] ^ 0x646f72616e646f6dULL)
    , v2_(key[0] ^ 0x6c7967656e657261ULL)
    , v3_(key[1] ^ 0x7465646279746573ULL) {}

void SipHash::rounds(int count) noexcept {
    for (int i = 0; i < count; ++i) {
        v0_ += v1_;
        v1_ = std::rotl(v1_, 13) ^ v0_;
        v0_ = std::rotl(v0_, 32);
        v2_ += v3_;
        v3_ = std::rotl(v3_, 16) ^ v2_;
        v0_ += v3_;
        v3_ = std::rotl(v3_, 21) ^ v0_;
        v2_ += v1_;
        v1_ = std::rotl(v1_, 17) ^ v2_;
        v2_ = std::rotl(v2_, 32);
    }
}

void SipHash::word(std::uint64_t m) noexcept {
    v3_ ^= m;
    rounds(2);
    v0_ ^= m;
    ++words_;
}

SipHash& SipHash::field(std::string_view bytes) noexcept {
    const std::size_t whole = bytes.size() / 8 * 8;
    for (std::size_t i = 0; i < whole; i += 8) {
        std::uint64_t m = 0;
        std::memcpy(&m, bytes.data() + i, 8);
        word(m);
    }
    std::uint64_t last = std::uint64_t{bytes.size()} << 56U;
    if (bytes.size() > whole) // an empty view may have no data to point at
        std::memcpy(&last, bytes.data() + whole, bytes.size() - whole);
    word(last);
    return *this;
}

SipHash& SipHash::field(std::uint64_t number) noexcept {
    word(number);
    return *this;
}

std::uint64_t SipHash::finish() noexcept {
    word(words_);
    v2_ ^= 0xFF;
    rounds(4);
    return v0_ ^ v1_ ^ v2_ ^ v3_;
}

} // namespace roundabout
