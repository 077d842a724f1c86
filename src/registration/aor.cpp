#include "registration/aor.hpp"

#include "base/ascii.hpp"
#include "base/endpoint.hpp"

namespace roundabout::registration {
namespace {

/// What may stand unescaped in a user: `unreserved` and `user-unreserved` of RFC 3261 §25.1.
bool stands_as_itself(char c) noexcept {
    return ascii::is_alpha(c) || ascii::is_digit(c) ||
           std::string_view("-_.!~*'()&=+$,;?/").find(c) != std::string_view::npos;
}

void append_escaped(std::string& out, std::string_view user) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    for (const char c : user) {
        if (stands_as_itself(c)) {
            out.push_back(c);
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out.push_back('%');
        out.push_back(digits[byte >> 4U]);
        out.push_back(digits[byte & 0xFU]);
    }
}

void append_host(std::string& out, std::string_view host) {
    const Result<IpAddress> address = IpAddress::parse(host);
    if (address && address->is_v6())
        out += address->to_host();
    else
        out += ascii::to_lower(host);
}

} // namespace

Result<std::string> canonical_aor(const sip::Uri& uri) {
    if (!uri.is_sip())
        return Error::unsupported_scheme;
    std::string canonical = "sip:";
    if (uri.has_user) {
        append_escaped(canonical, sip::unescape(uri.user));
        canonical.push_back('@');
    }
    append_host(canonical, uri.host);
    if (uri.port)
        canonical += ":" + std::to_string(*uri.port);
    return canonical;
}

Result<std::string> canonical_aor(std::string_view uri) {
    const Result<sip::Uri> parsed = sip::parse_uri(uri);
    if (!parsed)
        return parsed.error();
    return canonical_aor(*parsed);
}

std::string escaped_user(std::string_view user) {
    std::string escaped;
    append_escaped(escaped, user);
    return escaped;
}

std::string user_of_aor(std::string_view canonical) {
    const std::size_t colon = canonical.find(':');
    const std::size_t at = canonical.find('@');
    if (colon == std::string_view::npos || at == std::string_view::npos || at < colon)
        return {};
    return sip::unescape(canonical.substr(colon + 1, at - colon - 1));
}

} // namespace roundabout::registration
