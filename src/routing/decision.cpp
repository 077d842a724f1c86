#include "routing/decision.hpp"

#include "base/ascii.hpp"
#include "config/lookup.hpp"

namespace roundabout::routing {

std::string_view words(Rule rule) noexcept {
    switch (rule) {
    case Rule::none:
        return "no rule";
    case Rule::dialog_route:
        return "a Route token of this dialog names the other end";
    case Rule::dialog_contact:
        return "the R-URI's token names the other end";
    case Rule::foreign_route:
        return "the next Route names a trusted server";
    case Rule::server_domain:
        return "the R-URI names a trusted server";
    case Rule::default_server:
        return "a client named us: default server";
    case Rule::binding_by_token:
        return "the R-URI's token names a binding";
    case Rule::binding_by_user:
        return "the R-URI's user names a binding";
    case Rule::client_path:
        return "the Route is the Path of a client";
    case Rule::register_server:
        return "REGISTER to the trusted server that the R-URI names";
    case Rule::register_default:
        return "REGISTER to us: default server";
    case Rule::open_host:
        return "strict_host is off";
    case Rule::ack_to:
        return "ACK by To (ack_target)";
    case Rule::options_to_us:
        return "OPTIONS to us";
    case Rule::unknown_source:
        return "unknown source";
    case Rule::hops_used_up:
        return "Max-Forwards is used up";
    case Rule::scheme:
        return "URI scheme is not sip or sips";
    case Rule::extension:
        return "Proxy-Require names what we don't support";
    case Rule::sips:
        return "no secure way for a SIPS URI";
    case Rule::breadth:
        return "Max-Breadth is too small for the fork";
    case Rule::loop:
        return "the request has looped";
    case Rule::strict_host:
        return "strict_host: the next hop is no trusted server";
    case Rule::strict_client:
        return "strict_client: the source may not register";
    case Rule::not_here:
        return "no such binding";
    case Rule::unreachable:
        return "the client's flow is gone";
    case Rule::ambiguous:
        return "several AORs share that user";
    case Rule::other_server:
        return "another server granted that binding";
    case Rule::no_default:
        return "no default server is configured";
    case Rule::bad_register:
        return "REGISTER is malformed";
    case Rule::unresolved:
        return "the next hop's name could not be resolved";
    }
    return "no rule";
}

ToHost to_host(const sip::Uri& uri, const config::Config& config) {
    Sought sought;
    const auto address = IpAddress::parse(uri.host);
    sought.host = address ? address->to_string() : ascii::to_lower(uri.host);
    sought.port = uri.port;
    if (const auto named = uri.parameter("transport")) {
        if (const auto parsed = parse_transport(*named))
            sought.transport = *parsed;
    }
    sought.secure = uri.scheme == sip::Uri::Scheme::sips;
    sought.fallback = config.default_transport;
    sought.spoken = config::spoken_to_servers(config);
    return {std::move(sought)};
}

ToHost to_host(const HostPlace& place) {
    Sought sought;
    sought.host = place.remote.address.to_string();
    sought.port = place.remote.port;
    sought.transport = place.transport;
    return {std::move(sought)};
}

} // namespace roundabout::routing
