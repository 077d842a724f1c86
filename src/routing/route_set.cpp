#include "routing/route_set.hpp"

#include "config/lookup.hpp"
#include "sip/uri.hpp"
#include "sip/values.hpp"

#include <vector>

namespace roundabout::routing {
namespace {

constexpr int deepest_unwrap = 4; // design: one layer a pass, and a bound on how often again

bool names_us(const sip::Uri& uri, const Scene& scene) {
    return uri.is_sip() && config::is_ours(scene.config, uri.host, uri.port, scene.machine);
}

/// A proxy that knows no loose routing put our Record-Route into the R-URI (§16.4).
bool is_own_record_route(std::string_view text, std::string_view call_id, Scene& scene) {
    const Result<sip::Uri> uri = sip::parse_uri(text);
    return uri && names_us(*uri, scene) && uri->parameter("lr") && uri->has_user &&
           scene.tokens.open_route(uri->user, call_id).has_value();
}

std::optional<ContactToken> unwrap(std::string_view text, std::string_view call_id, Scene& scene) {
    const Result<sip::Uri> uri = sip::parse_uri(text);
    if (!uri || !names_us(*uri, scene))
        return std::nullopt;
    const auto value = uri->parameter("rb");
    if (!value)
        return std::nullopt;
    Result<ContactToken> token = scene.tokens.open_contact(*value, call_id);
    if (!token)
        return std::nullopt;
    return std::move(*token);
}

} // namespace

RouteSet read_route_set(const sip::Message& request, Scene& scene) {
    RouteSet set;
    set.request_uri = request.request_uri();
    const std::string_view call_id = sip::call_id(request);
    std::vector<sip::ValueAt> routes = sip::values(request, sip::HeaderId::route);

    if (!routes.empty() && is_own_record_route(set.request_uri, call_id, scene)) {
        const Result<sip::NameAddr> last = sip::parse_name_addr(routes.back().text);
        if (!last) {
            set.malformed = true;
            return set;
        }
        set.from_strict_router = true;
        set.request_uri = last->uri;
        routes.pop_back();
    }

    for (const sip::ValueAt& route : routes) {
        const Result<sip::NameAddr> address = sip::parse_name_addr(route.text);
        const Result<sip::Uri> uri = address ? sip::parse_uri(address->uri) : address.error();
        if (!uri) {
            set.malformed = true;
            return set;
        }
        Result<RouteToken> token = Error::token_malformed;
        const bool ours = names_us(*uri, scene);
        if (ours && uri->has_user)
            token = scene.tokens.open_route(uri->user, call_id);
        Result<PathToken> path = Error::token_malformed;
        if (ours && uri->has_user && !token)
            path = scene.tokens.open_path(uri->user);
        // Behind our token comes one that we did not make: another Roundabout of our name (R15).
        // Behind a Path URI of ours comes one of an earlier pass: each pass takes off its own.
        const bool others = uri->has_user && ((!token && set.token) || set.path);
        if (!ours || others) {
            set.next = address->uri;
            set.next_is_strict = !uri->parameter("lr");
            break;
        }
        ++set.own;
        if (token)
            set.token = *token;
        else if (path)
            set.path = *path;
    }

    set.contact = unwrap(set.request_uri, call_id, scene);
    for (int depth = 1; set.contact && set.next.empty() && depth < deepest_unwrap; ++depth) {
        std::optional<ContactToken> inner = unwrap(set.contact->uri, call_id, scene);
        if (!inner)
            break;
        set.contact = std::move(inner);
    }
    return set;
}

} // namespace roundabout::routing
