#include "routing/request_uri.hpp"

#include "base/ascii.hpp"

#include <algorithm>

namespace roundabout::routing {

std::string uri_at_server(const sip::Uri& uri, const config::TrustedServer& server) {
    std::string text(uri.scheme == sip::Uri::Scheme::sips ? "sips:" : "sip:");
    if (uri.has_user)
        text.append(uri.userinfo).append("@");
    text.append(server.domains.empty() ? server.hosts.front() : server.domains.front());
    for (std::string_view rest = uri.parameters; !rest.empty();) {
        const std::string_view parameter = rest.substr(0, rest.find(';'));
        rest.remove_prefix(std::min(rest.size(), parameter.size() + 1));
        const std::string_view name = parameter.substr(0, parameter.find('='));
        const auto is = [&](std::string_view other) { return ascii::iequals(name, other); };
        if (!is("transport") && !is("maddr") && !is("rb") && !is("lr") && !is("ob"))
            text.append(";").append(parameter);
    }
    return text;
}

std::string_view without_headers(std::string_view text) {
    if (text.find('?') == std::string_view::npos) // most have none, and need no parsing for that
        return text;
    const auto uri = sip::parse_uri(text);
    return uri && !uri->headers.empty() ? text.substr(0, text.size() - uri->headers.size() - 1)
                                        : text;
}

} // namespace roundabout::routing
