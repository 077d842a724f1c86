#include "sip/grammar.hpp"

#include <algorithm>

namespace roundabout::sip::grammar {

std::size_t quoted_string_end(std::string_view text, std::size_t at) noexcept {
    for (++at; at < text.size(); ++at) {
        if (text[at] == '"')
            return at + 1;
        if (text[at] == '\\')
            ++at;
    }
    return std::string_view::npos;
}

std::size_t host_end(std::string_view text, std::size_t at) noexcept {
    if (at >= text.size() || text[at] != '[')
        return skip_set(text, at, host_char);
    std::size_t colons = 0;
    for (std::size_t i = at + 1; i < text.size(); ++i) {
        if (text[i] == ']')
            return colons >= 2 ? i + 1 : at;
        if (text[i] == ':')
            ++colons;
        else if (text[i] != '.' && hex_value(text[i]) < 0)
            return at;
    }
    return at;
}

bool is_generic_uri(std::string_view text) noexcept {
    constexpr std::string_view usual = "sip:";
    if (text.starts_with(usual))
        return text.size() > usual.size() && all_in(text.substr(usual.size()), any_uri_char);
    const std::size_t colon = text.find(':');
    if (colon == 0 || colon == std::string_view::npos || colon + 1 == text.size() ||
        !ascii::is_alpha(text.front()))
        return false;
    const std::string_view scheme = text.substr(0, colon);
    const bool scheme_valid = std::ranges::all_of(scheme, [](char c) {
        return ascii::is_alpha(c) || ascii::is_digit(c) || c == '+' || c == '-' || c == '.';
    });
    return scheme_valid && all_in(text.substr(colon + 1), any_uri_char);
}

bool has_stray_nul(std::string_view text) noexcept {
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\0')
            return true;
        if (text[i] == '"')
            quoted = !quoted;
        else if (text[i] == '\\' && quoted)
            ++i;
        else if (text[i] == '\n' && i + 1 < text.size() && !ascii::is_space(text[i + 1]))
            quoted = false; // a quoted string ends with its header row at the latest
    }
    return false;
}

} // namespace roundabout::sip::grammar
