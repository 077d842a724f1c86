#include "crypto/encoding.hpp"

#include <array>
#include <cstdint>

namespace roundabout::crypto {
namespace {

constexpr std::string_view base32_alphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

using Values = std::array<std::int8_t, 256>;

constexpr Values values_of(std::string_view alphabet, bool any_case) {
    Values values{};
    values.fill(-1);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        const auto c = static_cast<unsigned char>(alphabet[i]);
        values[c] = static_cast<std::int8_t>(i);
        if (any_case && c >= 'a' && c <= 'z')
            values[c - 'a' + 'A'] = static_cast<std::int8_t>(i);
    }
    return values;
}

constexpr Values base32_values = values_of(base32_alphabet, true);
constexpr Values base64_values = values_of(base64_alphabet, false);

template <unsigned Bits>
std::string encode(std::string_view bytes, std::string_view alphabet) {
    std::string out((bytes.size() * 8 + Bits - 1) / Bits, '\0');
    std::size_t at = 0;
    std::uint32_t pending = 0;
    unsigned held = 0;
    for (const char byte : bytes) {
        pending = (pending << 8U) | static_cast<unsigned char>(byte);
        held += 8;
        while (held >= Bits) {
            held -= Bits;
            out[at++] = alphabet[(pending >> held) & ((1U << Bits) - 1)];
        }
    }
    if (held > 0)
        out[at] = alphabet[(pending << (Bits - held)) & ((1U << Bits) - 1)];
    return out;
}

template <unsigned Bits>
Result<std::string> decode(std::string_view text, const Values& values) {
    std::string out(text.size() * Bits / 8, '\0');
    std::size_t at = 0;
    std::uint32_t pending = 0;
    unsigned held = 0;
    for (const char c : text) {
        const std::int8_t value = values[static_cast<unsigned char>(c)];
        if (value < 0)
            return Error::token_malformed;
        pending = (pending << Bits) | static_cast<std::uint32_t>(value);
        held += Bits;
        if (held >= 8) {
            held -= 8;
            out[at++] = static_cast<char>((pending >> held) & 0xFFU);
        }
    }
    // What is left over must be fewer bits than a character and all zero, or two texts would mean
    // the same bytes.
    if (held >= Bits || (pending & ((1U << held) - 1)) != 0)
        return Error::token_malformed;
    return out;
}

} // namespace

std::string to_base32(std::string_view bytes) { return encode<5>(bytes, base32_alphabet); }
Result<std::string> from_base32(std::string_view text) { return decode<5>(text, base32_values); }
std::string to_base64url(std::string_view bytes) { return encode<6>(bytes, base64_alphabet); }
Result<std::string> from_base64url(std::string_view text) { return decode<6>(text, base64_values); }

} // namespace roundabout::crypto
