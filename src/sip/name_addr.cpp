#include "base/ascii.hpp"
#include "sip/grammar.hpp"
#include "sip/parameter_scan.hpp"
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
    return grammar::is_generic_uri(out.uri) ? end + 1 : std::string_view::npos;
}

/// An addr-spec without brackets. RFC 3261 §20.10: ';' begins the header's parameters, and a URI
/// with a comma or a question mark needs the brackets.
[[nodiscard]] std::size_t take_bare(NameAddr& out, std::string_view value) noexcept {
    const std::size_t end = std::min(value.find(';'), value.size());
    out.uri = ascii::trim(value.substr(0, end));
    const bool needs_brackets =
        out.uri.find(',') != std::string_view::npos || out.uri.find('?') != std::string_view::npos;
    return !needs_brackets && grammar::is_generic_uri(out.uri) ? end : std::string_view::npos;
}

/// The end of a name-addr or addr-spec without its parameters; npos if it is malformed.
[[nodiscard]] std::size_t take_address(NameAddr& out, std::string_view value) noexcept {
    if (!value.empty() && value.front() == '"') {
        const std::size_t quote_end = grammar::quoted_string_end(value, 0);
        if (quote_end == std::string_view::npos)
            return std::string_view::npos;
        out.display = value.substr(0, quote_end);
        const std::size_t bracket = grammar::skip_lws(value, quote_end);
        return bracket < value.size() && value[bracket] == '<' ? take_bracketed(out, value, bracket)
                                                               : std::string_view::npos;
    }
    const std::size_t mark = grammar::skip_set(value, 0, grammar::no_address_mark);
    if (mark == value.size() || value[mark] != '<')
        return take_bare(out, value);
    out.display = ascii::trim(value.substr(0, mark));
    return display_valid(out.display) ? take_bracketed(out, value, mark) : std::string_view::npos;
}

[[nodiscard]] bool take_all(NameAddr& out, std::string_view value) noexcept {
    const std::size_t end = take_address(out, value);
    if (end == std::string_view::npos)
        return false;
    out.parameters = Parameters(value.substr(grammar::skip_lws(value, end)));
    const ParameterScan scan = scan_parameters(out.parameters.text(), "tag");
    out.tag_parameter = scan.wanted;
    return scan.well_formed;
}

} // namespace

Result<NameAddr> parse_name_addr(std::string_view value) noexcept {
    Result<NameAddr> out(boost::system::in_place_value); // large: never copied
    if (!take_all(*out, ascii::trim(value)))
        out = make_error_code(Error::bad_from_or_to);
    return out;
}

} // namespace roundabout::sip
