#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace roundabout::ascii {

[[nodiscard]] constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_alpha(char c) noexcept {
    return lower(c) >= 'a' && lower(c) <= 'z';
}
[[nodiscard]] constexpr bool is_space(char c) noexcept { return c == ' ' || c == '\t'; }
/// Space, tab, CR or LF: what linear white space is made of, folds included.
[[nodiscard]] constexpr bool is_lws(char c) noexcept {
    return is_space(c) || c == '\r' || c == '\n';
}

/// Equal but for the case of ASCII letters; independent of any locale.
[[nodiscard]] constexpr bool iequals(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size())
        return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i]))
            return false;
    }
    return true;
}

/// Without leading and trailing linear white space.
[[nodiscard]] constexpr std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && is_lws(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_lws(text.back()))
        text.remove_suffix(1);
    return text;
}

[[nodiscard]] inline std::string to_lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        c = lower(c);
    return out;
}

/// The whole of `text` as an unsigned decimal number; nothing if it is empty, holds anything but
/// digits, or does not fit.
template <std::unsigned_integral Number>
[[nodiscard]] constexpr std::optional<Number> to_number(std::string_view text) noexcept {
    Number value = 0;
    if (text.empty() || !is_digit(text.front()))
        return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

} // namespace roundabout::ascii
