#include "base/ascii.hpp"
#include "sip/grammar.hpp"
#include "sip/values.hpp"

#include <algorithm>

namespace roundabout::sip {
namespace {

/// A display name without quotes. The ABNF has tokens only; other visible characters are let pass,
/// for phones write "John (Sales)" and UTF-8, but none that could end the display name (RFC 4475
/// §3.1.2.15 has the comma).
[[nodiscard]] bool display_valid(std::string_view text) noexcept {
    for (const char c : text) {
        const bool control = static_cast<unsigned char>(c) < ' ' && !ascii::is_lws(c);
        if (control || c == '\x7f' || std::string_view("\"<>,;").find(c) != std::string_view::npos)
            return false;
    }
    return true;
}

/// `begin` is the position of '<'. Gives the position behind '>'; npos if the URI is malformed.
[[nodiscard]] std::size_t take_bracketed(NameAddr& out, std::string_view value,
                                         std::size_t begin) noexcept {
    const std::size_t end = value.find('>', begin);
    if (end == std::string_view::npos)
        return std::string_view::npos;
    out.bracketed = true;
    out.uri = value.substr(begin + 1, end - begin - 1);
    return grammar::generic_uri_scheme(out.uri) ? end + 1 : std::string_view::npos;
}

/// An addr-spec without brackets. RFC 3261 §20.10: ';' begins the header's parameters, and a URI
/// with a comma or a question mark needs the brackets.
[[nodiscard]] std::size_t take_bare(NameAddr& out, std::string_view value) noexcept {
    const std::size_t end = std::min(value.find(';'), value.size());
    out.uri = ascii::trim(value.substr(0, end));
    const bool needs_brackets =
        out.uri.find(',') != std::string_view::npos || out.uri.find('?') != std::string_view::npos;
    return !needs_brackets && grammar::generic_uri_scheme(out.uri) ? end : std::string_view::npos;
}

} // namespace

std::string_view NameAddr::tag() const noexcept { return parameters.find("tag").value_or(""); }

Result<NameAddr> parse_name_addr(std::string_view value) noexcept {
    const auto bad = make_error_code(Error::bad_from_or_to);
    value = ascii::trim(value);
    NameAddr out;
    std::size_t end = std::string_view::npos;
    if (!value.empty() && value.front() == '"') {
        const std::size_t quote_end = grammar::quoted_string_end(value, 0);
        if (quote_end == std::string_view::npos)
            return bad;
        out.display = value.substr(0, quote_end);
        const std::size_t bracket = grammar::skip_lws(value, quote_end);
        if (bracket >= value.size() || value[bracket] != '<')
            return bad;
        end = take_bracketed(out, value, bracket);
    } else if (const std::size_t mark = value.find_first_of("<\";");
               mark != std::string_view::npos && value[mark] == '<') {
        out.display = ascii::trim(value.substr(0, mark));
        if (!display_valid(out.display))
            return bad;
        end = take_bracketed(out, value, mark);
    } else {
        end = take_bare(out, value);
    }
    if (end == std::string_view::npos)
        return bad;
    out.parameters = Parameters(value.substr(grammar::skip_lws(value, end)));
    if (!out.parameters.well_formed())
        return bad;
    return out;
}

} // namespace roundabout::sip
