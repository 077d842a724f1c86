#include "sip/uri.hpp"

#include "base/ascii.hpp"
#include "sip/grammar.hpp"

#include <algorithm>
#include <utility>

namespace roundabout::sip {
namespace {

using grammar::all_in;

/// Each '%' is followed by two hexadecimal digits.
[[nodiscard]] bool escapes_valid(std::string_view text) noexcept {
    for (std::size_t at = text.find('%'); at != std::string_view::npos;
         at = text.find('%', at + 3)) {
        if (at + 2 >= text.size() || grammar::hex_value(text[at + 1]) < 0 ||
            grammar::hex_value(text[at + 2]) < 0)
            return false;
    }
    return true;
}

/// The end of "name" or "name=value" with ';' between, which begins at `at`: a '?' or the end of
/// the text. npos if something else stands there.
[[nodiscard]] std::size_t parameters_end(std::string_view text, std::size_t at) noexcept {
    for (;; ++at) {
        const std::size_t begin = at;
        at = grammar::skip_set(text, at, grammar::uri_param_char);
        if (at == begin || text[begin] == '=')
            return std::string_view::npos;
        if (at == text.size() || text[at] == '?')
            return at;
        if (text[at] != ';')
            return std::string_view::npos;
    }
}

/// Sets userinfo and user and gives the position behind '@'; npos if what stands there is no
/// userinfo. '@' occurs nowhere else in a SIP URI but escaped, so the first one ends the userinfo,
/// whatever ';' and '?' stand before it (RFC 4475 §3.1.1.9).
[[nodiscard]] std::size_t take_userinfo(Uri& uri, std::size_t begin) noexcept {
    const std::size_t at_sign = uri.text.find('@', begin);
    if (at_sign == std::string_view::npos)
        return begin;
    uri.has_user = true;
    uri.userinfo = uri.text.substr(begin, at_sign - begin);
    const unsigned common = grammar::common_sets(uri.userinfo);
    uri.user = (common & grammar::no_colon) != 0 ? uri.userinfo
                                                 : uri.userinfo.substr(0, uri.userinfo.find(':'));
    if (uri.user.empty() || (common & grammar::user_char) == 0)
        return std::string_view::npos;
    return at_sign + 1;
}

/// Sets host and port and gives the position behind them; npos if they are malformed.
[[nodiscard]] std::size_t take_host_port(Uri& uri, std::size_t begin) noexcept {
    std::size_t end = grammar::host_end(uri.text, begin);
    if (end == begin)
        return std::string_view::npos;
    uri.host = uri.text.substr(begin, end - begin);
    if (end < uri.text.size() && uri.text[end] == ':') {
        ++end;
        uri.port = grammar::take_port(uri.text, end);
        if (!uri.port)
            return std::string_view::npos;
    }
    uri.host_port = uri.text.substr(begin, end - begin);
    return end;
}

[[nodiscard]] bool take_sip(Uri& uri, std::size_t begin) noexcept {
    const std::size_t host_begin = take_userinfo(uri, begin);
    if (host_begin == std::string_view::npos)
        return false;
    std::size_t end = take_host_port(uri, host_begin);
    if (end == std::string_view::npos)
        return false;
    const std::string_view text = uri.text;
    if (end < text.size() && text[end] == ';') {
        const std::size_t parameters = end + 1;
        end = parameters_end(text, parameters);
        if (end == std::string_view::npos)
            return false;
        uri.parameters = text.substr(parameters, end - parameters);
    }
    if (end < text.size() && text[end] == '?') {
        uri.headers = text.substr(end + 1);
        if (uri.headers.empty() || !all_in(uri.headers, grammar::uri_header_char))
            return false;
        end = text.size();
    }
    return end == text.size() && escapes_valid(text);
}

[[nodiscard]] bool take_any(Uri& uri) noexcept {
    const std::size_t colon = std::min(uri.text.find(':'), uri.text.size());
    const std::string_view scheme = uri.text.substr(0, colon);
    if (ascii::iequals(scheme, "sip") || ascii::iequals(scheme, "sips")) {
        uri.scheme = scheme.size() == 3 ? Uri::Scheme::sip : Uri::Scheme::sips;
        return colon != uri.text.size() && take_sip(uri, colon + 1);
    }
    uri.scheme = ascii::iequals(scheme, "tel") ? Uri::Scheme::tel : Uri::Scheme::other;
    return grammar::is_generic_uri(uri.text);
}

} // namespace

std::optional<std::string_view> Uri::parameter(std::string_view name) const noexcept {
    std::string_view rest = parameters;
    while (!rest.empty()) {
        const std::size_t semicolon = std::min(rest.find(';'), rest.size());
        const std::string_view one = rest.substr(0, semicolon);
        const std::size_t equals = std::min(one.find('='), one.size());
        if (ascii::iequals(one.substr(0, equals), name))
            return one.substr(std::min(equals + 1, one.size()));
        rest.remove_prefix(std::min(semicolon + 1, rest.size()));
    }
    return std::nullopt;
}

Result<Uri> parse_uri(std::string_view text) noexcept {
    constexpr std::string_view usual = "sip:";
    Result<Uri> out(boost::system::in_place_value); // large: never copied
    Uri& uri = *out;
    uri.text = text;
    const bool valid = text.starts_with(usual) ? take_sip(uri, usual.size()) : take_any(uri);
    if (!valid)
        out = make_error_code(Error::bad_request_uri);
    return out;
}

std::string with_parameter(const Uri& uri, std::string_view name, std::string_view value) {
    const auto offset = [&uri](std::string_view part) {
        return static_cast<std::size_t>(part.data() + part.size() - uri.text.data());
    };
    const std::size_t host_end = uri.is_sip() ? offset(uri.host_port) : uri.text.size();
    const std::size_t end = uri.parameters.empty() ? host_end : offset(uri.parameters);

    std::string ours(1, ';');
    ours.append(name);
    if (!value.empty())
        ours.append(1, '=').append(value);

    std::string out;
    out.reserve(uri.text.size() + ours.size());
    out.append(uri.text.substr(0, host_end));
    bool written = false;
    std::string_view rest = uri.parameters;
    while (!rest.empty()) {
        const std::size_t semicolon = std::min(rest.find(';'), rest.size());
        const std::string_view one = rest.substr(0, semicolon);
        if (!ascii::iequals(one.substr(0, one.find('=')), name))
            out.append(1, ';').append(one);
        else if (!std::exchange(written, true))
            out.append(ours);
        rest.remove_prefix(std::min(semicolon + 1, rest.size()));
    }
    if (!written)
        out.append(ours);
    out.append(uri.text.substr(end));
    return out;
}

std::string unescape(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high =
            text[i] == '%' && i + 2 < text.size() ? grammar::hex_value(text[i + 1]) : -1;
        const int low = high >= 0 ? grammar::hex_value(text[i + 2]) : -1;
        if (low < 0) {
            out.push_back(text[i]);
            continue;
        }
        out.push_back(static_cast<char>(high * 16 + low));
        i += 2;
    }
    return out;
}

} // namespace roundabout::sip
