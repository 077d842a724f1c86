#include "base/ascii.hpp"
#include "sip/grammar.hpp"
#include "sip/parameter_scan.hpp"
#include "sip/values.hpp"

namespace roundabout::sip {
namespace {

/// RFC 3261 §8.1.1.7.
constexpr std::string_view magic_cookie = "z9hG4bK";

/// The end of the token that begins at `at`, then the '/' behind it and the white space around that
/// are skipped by taking them into `at`. False if either is missing.
[[nodiscard]] bool take_token_and_slash(std::string_view text, std::size_t& at,
                                        std::size_t& token_end) noexcept {
    token_end = grammar::skip_set(text, at, grammar::token_char);
    if (token_end == at)
        return false;
    const std::size_t slash = grammar::skip_lws(text, token_end);
    if (slash >= text.size() || text[slash] != '/')
        return false;
    at = grammar::skip_lws(text, slash + 1);
    return true;
}

/// Sets sent_by, host and port from `begin` on and gives the position behind them; npos if they are
/// malformed. White space may stand around the colon.
[[nodiscard]] std::size_t take_sent_by(Via& via, std::string_view value,
                                       std::size_t begin) noexcept {
    std::size_t end = grammar::host_end(value, begin);
    if (end == begin)
        return std::string_view::npos;
    via.host = value.substr(begin, end - begin);
    const std::size_t colon = grammar::skip_lws(value, end);
    if (colon < value.size() && value[colon] == ':') {
        const std::size_t port_begin = grammar::skip_lws(value, colon + 1);
        end = port_begin;
        via.port = grammar::take_port(value, end);
        if (!via.port)
            return std::string_view::npos;
    }
    via.sent_by = value.substr(begin, end - begin);
    return end;
}

/// Sets the protocol and gives the position behind the slash that follows it; npos if it is
/// malformed.
[[nodiscard]] std::size_t take_protocol(Via& via, std::string_view value) noexcept {
    constexpr std::string_view usual = "SIP/2.0/";
    if (value.starts_with(usual)) {
        via.protocol = value.substr(0, usual.size() - 1);
        return grammar::skip_lws(value, usual.size());
    }
    std::size_t at = 0;
    std::size_t token_end = 0;
    if (!take_token_and_slash(value, at, token_end) || !take_token_and_slash(value, at, token_end))
        return std::string_view::npos;
    via.protocol = value.substr(0, token_end);
    return at;
}

[[nodiscard]] bool take_all(Via& via, std::string_view value) noexcept {
    const std::size_t at = take_protocol(via, value);
    if (at == std::string_view::npos)
        return false;
    const std::size_t transport_end = grammar::skip_set(value, at, grammar::token_char);
    via.transport = value.substr(at, transport_end - at);
    const std::size_t sent_by = grammar::skip_lws(value, transport_end);
    if (via.transport.empty() || sent_by == transport_end)
        return false;
    const std::size_t sent_by_end = take_sent_by(via, value, sent_by);
    if (sent_by_end == std::string_view::npos)
        return false;
    via.parameters = Parameters(value.substr(grammar::skip_lws(value, sent_by_end)));
    const ParameterScan scan = scan_parameters(via.parameters.text(), "branch");
    via.branch_parameter = scan.wanted;
    return scan.well_formed;
}

} // namespace

bool Via::has_magic_cookie() const noexcept {
    const std::string_view text = branch();
    return text.size() > magic_cookie.size() &&
           ascii::iequals(text.substr(0, magic_cookie.size()), magic_cookie);
}

bool Via::has_bare_cookie() const noexcept { return ascii::iequals(branch(), magic_cookie); }

Result<Via> parse_via(std::string_view value) noexcept {
    Result<Via> out(boost::system::in_place_value); // large: never copied
    if (!take_all(*out, ascii::trim(value)))
        out = make_error_code(Error::bad_via);
    return out;
}

} // namespace roundabout::sip
