#include "base/siphash.hpp"

#include <bit>
#include <cstring>

namespace roundabout {
namespace {

template <class Word>
std::uint64_t load(const char* from) noexcept {
    Word word = 0;
    std::memcpy(&word, from, sizeof word);
    return word;
}

/// What `size` bytes that end before `end` leave over behind their last whole word, `rest` bytes,
/// by loads of fixed sizes: a copy whose size only shows at run time is a call.
std::uint64_t load_rest(const char* end, std::size_t size, unsigned rest) noexcept {
    if (rest == 0) // and an empty view may have no data to point at
        return 0;
    if (size > rest)
        return load<std::uint64_t>(end - 8) >> (64 - 8 * rest);
    const char* const begin = end - rest;
    if (rest >= 4)
        return load<std::uint32_t>(begin) | load<std::uint32_t>(end - 4) << (8 * rest - 32);
    return load<std::uint8_t>(begin) | load<std::uint8_t>(begin + rest / 2) << (8 * (rest / 2)) |
           load<std::uint8_t>(end - 1) << (8 * rest - 8);
}

/// The word that closes a field.
std::uint64_t last_word(const char* end, std::size_t size, unsigned rest) noexcept {
    std::uint64_t word = std::uint64_t{size} << 56U;
    if constexpr (std::endian::native == std::endian::little)
        return word | load_rest(end, size, rest);
    if (rest != 0)
        std::memcpy(&word, end - rest, rest);
    return word;
}

} // namespace

inline void SipHash::State::round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
}

inline void SipHash::State::take(std::uint64_t word) noexcept {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
}

SipHash& SipHash::field(std::string_view bytes) noexcept {
    State state = state_; // in registers: what the bytes are read from might be this object
    const char* at = bytes.data();
    const std::size_t whole = bytes.size() / 8;
    for (std::size_t i = 0; i < whole; ++i, at += 8)
        state.take(load<std::uint64_t>(at));
    const auto rest = static_cast<unsigned>(bytes.size() % 8);
    state.take(last_word(at + rest, bytes.size(), rest));
    state_ = state;
    words_ += whole + 1;
    return *this;
}

SipHash& SipHash::field(std::uint64_t number) noexcept {
    state_.take(number);
    ++words_;
    return *this;
}

std::uint64_t SipHash::finish() noexcept {
    State state = state_;
    state.take(words_);
    state.v2 ^= 0xFF;
    for (int i = 0; i < 4; ++i)
        state.round();
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

} // namespace roundabout
