#pragma once

#include "base/ascii.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

/// The small pieces of RFC 3261's grammar (§25.1) that start lines, header fields and URIs share.
/// Inside this room only.
namespace roundabout::sip::grammar {

/// Sets of characters, one bit each.
enum : std::uint32_t {
    token_char = 1U,        ///< `token`
    user_char = 2U,         ///< userinfo of a SIP URI, '%' and the password's ':' included
    uri_param_char = 4U,    ///< one of the uri-parameters, '%' and '=' included
    uri_header_char = 8U,   ///< URI headers, '%', '=' and '&' included
    host_char = 16U,        ///< host names and IPv4 addresses
    param_value_char = 32U, ///< the value of a header parameter that is not a quoted string
    any_uri_char = 64U,     ///< what follows the scheme of a URI that is not looked into
    row_mark = 128U,        ///< what ends a header value, or begins a part in which nothing does
    no_colon = 256U,        ///< anything but ':'
    no_address_mark = 512U  ///< anything but what ends a display name or an addr-spec
};

[[nodiscard]] constexpr std::array<std::uint32_t, 256> character_sets() noexcept {
    std::array<std::uint32_t, 256> sets{};
    const auto add = [&sets](std::string_view characters, std::uint32_t set) {
        for (const char c : characters)
            sets[static_cast<unsigned char>(c)] |= set;
    };
    constexpr std::string_view alphanumeric =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    add(alphanumeric, token_char | user_char | uri_param_char | uri_header_char | host_char);
    add("-.!%*_+`'~", token_char);
    add("-_.!~*'()%", user_char | uri_param_char | uri_header_char);
    // '#' is not in the ABNF, but phones send feature codes such as *21# unescaped, and it is not
    // ambiguous there.
    add("&=+$,;?/:#", user_char);
    add("[]/:&+$=", uri_param_char);
    add("[]/?:+$=&", uri_header_char);
    // '_' stands in many names of hosts inside private networks.
    add("-._", host_char);
    // Wider than the ABNF (token / host): base64 in tags and branches is common, and only these
    // characters could be taken for the end of the value.
    for (unsigned c = 0x21; c < 0x100; ++c) {
        if (std::string_view(";,\"<>\x7f").find(static_cast<char>(c)) == std::string_view::npos)
            sets[c] |= param_value_char;
    }
    for (unsigned c = 0x21; c < 0x100; ++c) {
        if (std::string_view("<>\"\x7f").find(static_cast<char>(c)) == std::string_view::npos)
            sets[c] |= any_uri_char;
    }
    add(",\"<", row_mark);
    for (unsigned c = 0; c < 0x100; ++c) {
        if (c != ':')
            sets[c] |= no_colon;
        if (c != '<' && c != '"' && c != ';')
            sets[c] |= no_address_mark;
    }
    return sets;
}
inline constexpr std::array<std::uint32_t, 256> sets = character_sets();

[[nodiscard]] constexpr bool is_in(char c, unsigned set) noexcept {
    return (sets[static_cast<unsigned char>(c)] & set) != 0;
}
/// The sets that all characters of `text` are in; all sets for an empty text. Without a branch for
/// each character: nearly all texts are sound, so that stopping early gains nothing.
[[nodiscard]] constexpr unsigned common_sets(std::string_view text) noexcept {
    unsigned common = ~0U;
    for (const char c : text)
        common &= sets[static_cast<unsigned char>(c)];
    return common;
}
/// `set` is one set. True for an empty text.
[[nodiscard]] constexpr bool all_in(std::string_view text, unsigned set) noexcept {
    return (common_sets(text) & set) != 0;
}
[[nodiscard]] constexpr bool is_token(std::string_view text) noexcept {
    return !text.empty() && all_in(text, token_char);
}

/// The value of a hexadecimal digit; -1 for any other character.
[[nodiscard]] constexpr int hex_value(char c) noexcept {
    if (ascii::is_digit(c))
        return c - '0';
    const char letter = ascii::lower(c);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/// The first position from `at` on that holds no linear white space; text.size() if there is none.
[[nodiscard]] constexpr std::size_t skip_lws(std::string_view text, std::size_t at) noexcept {
    while (at < text.size() && ascii::is_lws(text[at]))
        ++at;
    return at;
}

/// The first position from `at` on whose character is not in `set`.
[[nodiscard]] constexpr std::size_t skip_set(std::string_view text, std::size_t at,
                                             unsigned set) noexcept {
    // Four at a time, which asks for the end of the text a quarter as often.
    for (; at < text.size() && text.size() - at >= 4; at += 4) {
        if (!is_in(text[at], set))
            return at;
        if (!is_in(text[at + 1], set))
            return at + 1;
        if (!is_in(text[at + 2], set))
            return at + 2;
        if (!is_in(text[at + 3], set))
            return at + 3;
    }
    while (at < text.size() && is_in(text[at], set))
        ++at;
    return at;
}

/// Takes the port number that begins at `at` and sets `at` behind its digits. Nothing if there are
/// no digits, or if it does not fit 16 bits.
[[nodiscard]] constexpr std::optional<std::uint16_t> take_port(std::string_view text,
                                                               std::size_t& at) noexcept {
    constexpr unsigned most = 65535;
    const std::size_t begin = at;
    unsigned port = 0;
    for (; at < text.size() && ascii::is_digit(text[at]); ++at) {
        port = port * 10 + static_cast<unsigned>(text[at] - '0');
        if (port > most)
            return std::nullopt;
    }
    return at == begin ? std::nullopt : std::optional(static_cast<std::uint16_t>(port));
}

/// The position past the quoted string that begins at `at` (a '"'); npos if it never ends.
[[nodiscard]] std::size_t quoted_string_end(std::string_view text, std::size_t at) noexcept;

/// The position past the host that begins at `at`: a name, an IPv4 address or an IPv6 reference in
/// brackets. `at` itself if there is none. Of an IPv6 reference only the characters are checked, so
/// that RFC 5118 §4.10's "[2001:db8:::192.0.2.1]" passes.
[[nodiscard]] std::size_t host_end(std::string_view text, std::size_t at) noexcept;

/// True for a scheme followed by ':' and by anything that stands between angle brackets: what is
/// asked of URIs that are not SIP's.
[[nodiscard]] bool is_generic_uri(std::string_view text) noexcept;

/// True if a NUL stands anywhere but as the second half of a quoted pair (RFC 4475 §3.1.1.2 shows
/// that one as valid). `text` is a start line or whole header rows.
[[nodiscard]] bool has_stray_nul(std::string_view text) noexcept;

} // namespace roundabout::sip::grammar
