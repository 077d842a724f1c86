#include "crypto/encoding.hpp"

#include <array>
#include <cstdint>
#include <utility>

namespace roundabout::crypto {
namespace {

constexpr std::string_view base32_alphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

using Values = std::array<std::uint8_t, 256>;

constexpr std::uint8_t no_value = 0x80; // above all values, so that a bit of many tells of it

constexpr Values values_of(std::string_view alphabet, bool any_case) {
    Values values{};
    values.fill(no_value);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        const auto c = static_cast<unsigned char>(alphabet[i]);
        values[c] = static_cast<std::uint8_t>(i);
        if (any_case && c >= 'a' && c <= 'z')
            values[c - 'a' + 'A'] = static_cast<std::uint8_t>(i);
    }
    return values;
}

constexpr Values base32_values = values_of(base32_alphabet, true);
constexpr Values base64_values = values_of(base64_alphabet, false);

// Eight characters are `Bits` bytes: what is whole goes by such groups, each in one word.
constexpr std::size_t group = 8;

template <unsigned Bits>
constexpr std::size_t decoded_size(std::size_t characters) noexcept {
    return characters * Bits / 8;
}

template <unsigned Bits>
void encode_group(const char* bytes, char* out, std::string_view alphabet) noexcept {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < Bits; ++i)
        word = word << 8U | static_cast<unsigned char>(bytes[i]);
    for (std::size_t i = 0; i < group; ++i)
        out[i] = alphabet[(word >> (Bits * (group - 1 - i))) & ((1U << Bits) - 1)];
}

template <unsigned Bits>
void append_encoded(std::string& out, std::string_view bytes, std::string_view alphabet) {
    const std::size_t begin = out.size();
    out.resize(begin + (bytes.size() * 8 + Bits - 1) / Bits);
    char* at = out.data() + begin;
    for (; bytes.size() >= Bits; bytes.remove_prefix(Bits), at += group)
        encode_group<Bits>(bytes.data(), at, alphabet);
    std::uint64_t pending = 0;
    for (const char byte : bytes)
        pending = pending << 8U | static_cast<unsigned char>(byte);
    for (auto held = static_cast<int>(bytes.size() * 8); held > 0; held -= int{Bits}) {
        const std::uint64_t left =
            held >= int{Bits} ? pending >> (held - int{Bits}) : pending << (int{Bits} - held);
        *at++ = alphabet[left & ((1U << Bits) - 1)];
    }
}

/// `Bits` bytes; the bits of the values are added to `seen`.
template <unsigned Bits>
void decode_group(const char* text, char* out, const Values& values, std::uint8_t& seen) noexcept {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < group; ++i) {
        const std::uint8_t value = values[static_cast<unsigned char>(text[i])];
        seen |= value;
        word = word << Bits | value;
    }
    for (std::size_t i = 0; i < Bits; ++i)
        out[i] = static_cast<char>(word >> (8 * (Bits - 1 - i)));
}

/// What is no whole group. False where `text` is no encoder's: what is left over must be fewer bits
/// than a character and all zero, or two texts would mean the same bytes.
template <unsigned Bits>
bool decode_rest(std::string_view text, char* out, const Values& values,
                 std::uint8_t& seen) noexcept {
    std::uint64_t pending = 0;
    for (const char c : text) {
        const std::uint8_t value = values[static_cast<unsigned char>(c)];
        seen |= value;
        pending = pending << Bits | value;
    }
    auto held = static_cast<unsigned>(text.size()) * Bits;
    for (; held >= 8; held -= 8)
        *out++ = static_cast<char>(pending >> (held - 8));
    return held < Bits && (pending & ((1U << held) - 1)) == 0;
}

template <unsigned Bits>
Result<void> decode(std::string_view text, const Values& values, char* at) {
    std::uint8_t seen = 0;
    for (; text.size() >= group; text.remove_prefix(group), at += Bits)
        decode_group<Bits>(text.data(), at, values, seen);
    if (!decode_rest<Bits>(text, at, values, seen) || (seen & no_value) != 0)
        return Error::token_malformed;
    return {};
}

} // namespace

void append_base32(std::string& out, std::string_view bytes) {
    append_encoded<5>(out, bytes, base32_alphabet);
}
std::string to_base32(std::string_view bytes) {
    std::string out;
    append_base32(out, bytes);
    return out;
}
Result<void> from_base32(std::string_view text, std::string& out) {
    out.resize(decoded_size<5>(text.size()));
    return decode<5>(text, base32_values, out.data());
}
Result<std::string> from_base32(std::string_view text) {
    std::string out;
    const Result<void> done = from_base32(text, out);
    return done ? Result<std::string>(std::move(out)) : done.error();
}

void append_base64url(std::string& out, std::string_view bytes) {
    append_encoded<6>(out, bytes, base64_alphabet);
}
std::string to_base64url(std::string_view bytes) {
    std::string out;
    append_base64url(out, bytes);
    return out;
}
Result<void> from_base64url(std::string_view text, std::span<char> out) {
    if (out.size() != decoded_size<6>(text.size()))
        return Error::token_malformed;
    return decode<6>(text, base64_values, out.data());
}
Result<void> from_base64url(std::string_view text, std::string& out) {
    out.resize(decoded_size<6>(text.size()));
    return decode<6>(text, base64_values, out.data());
}
Result<std::string> from_base64url(std::string_view text) {
    std::string out;
    const Result<void> done = from_base64url(text, out);
    return done ? Result<std::string>(std::move(out)) : done.error();
}

} // namespace roundabout::crypto
