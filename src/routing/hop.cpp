#include "routing/hop.hpp"

#include "base/ascii.hpp"
#include "sip/edits.hpp"
#include "sip/response.hpp"
#include "sip/uri.hpp"
#include "sip/values.hpp"
#include "sip/via_stamp.hpp"

namespace roundabout::routing {
namespace {

std::string host_port(const config::Advertised& reach) {
    return reach.host + ":" + std::to_string(reach.port);
}

/// §16.6 step 4: the URI by which that side reaches us, with the way to the peer there as its user.
std::string record_route(const HopSide& side, Side which, std::string_view scheme,
                         std::string_view call_id, Tokens& tokens) {
    std::string value("<");
    value.append(scheme).append(":").append(tokens.seal_route({which, side.place}, call_id));
    value.append("@").append(host_port(side.reach));
    value.append(";transport=").append(uri_parameter(side.transport)).append(";lr>");
    return value;
}

Side other(Side side) noexcept { return side == Side::caller ? Side::callee : Side::caller; }

/// The Contact URI that `towards` sees in place of `uri`; empty if it stays as it is.
std::string wrapped_contact(std::string_view uri, const HopSide& from, const HopSide& towards,
                            Side side, std::string_view call_id, Tokens& tokens) {
    const Result<sip::Uri> parsed = sip::parse_uri(uri);
    if (!parsed || !parsed->is_sip() || parsed->parameter("gr")) // R13
        return {};
    std::string wrapped(parsed->scheme == sip::Uri::Scheme::sips ? "sips:" : "sip:");
    if (parsed->has_user)
        wrapped.append(parsed->user).append("@");
    wrapped.append(host_port(towards.contact));
    wrapped.append(";transport=").append(uri_parameter(towards.transport));
    wrapped.append(";rb=").append(
        tokens.seal_contact({side, from.place, std::string(uri), true}, call_id));
    return wrapped;
}

/// Rewrites every Contact; true if one had to be left alone for its length.
bool wrap_contacts(const sip::Message& message, const HopSide& from, const HopSide& towards,
                   Side side, sip::Edits& edits, Tokens& tokens) {
    if (!towards.rewrite_contact)
        return false;
    bool too_long = false;
    for (const sip::ValueAt& value : sip::values(message, sip::HeaderId::contact)) {
        const Result<sip::NameAddr> contact = sip::parse_name_addr(value.text);
        if (!contact)
            continue;
        const std::string uri =
            wrapped_contact(contact->uri, from, towards, side, sip::call_id(message), tokens);
        if (uri.size() > contact_limit)
            too_long = true;
        else if (!uri.empty())
            edits.replace_uri(value.text, uri);
    }
    return too_long;
}

std::string_view leaving_uri(const sip::Message& request, const Target& target) {
    return target.request_uri.empty() ? request.request_uri() : target.request_uri;
}

void edit_routes(const RequestHop& hop, sip::Edits& edits) {
    if (hop.decision.last_route_to_uri)
        edits.remove_last_value(sip::HeaderId::route);
    if (hop.decision.pop_routes > 0)
        edits.remove_first_values(sip::HeaderId::route, hop.decision.pop_routes);
    const auto& routes = hop.target.add_routes;
    if (routes.empty())
        return;
    std::string joined;
    for (const std::string& route : routes)
        joined.append(joined.empty() ? "" : ", ").append(route);
    edits.prepend(sip::HeaderId::route, joined);
}

void edit_record_routes(const sip::Message& request, const RequestHop& hop, sip::Edits& edits,
                        Tokens& tokens) {
    const std::string_view uri = leaving_uri(request, hop.target);
    // §16.6 step 4: a SIPS Request-URI asks for SIPS Record-Routes.
    const std::string_view scheme = uri.size() > 5 && ascii::iequals(uri.substr(0, 5), "sips:")
                                        ? std::string_view("sips")
                                        : std::string_view("sip");
    const std::string_view call_id = sip::call_id(request);
    const Side from = hop.decision.from_side;
    std::string value = record_route(hop.out, other(from), scheme, call_id, tokens);
    value.append(", ").append(record_route(hop.in, from, scheme, call_id, tokens));
    edits.prepend(sip::HeaderId::record_route, value);
}

std::string via_value(const RequestHop& hop, std::string_view branch) {
    std::string via("SIP/2.0/");
    via.append(via_name(hop.out.transport)).append(" ").append(host_port(hop.out.reach));
    return via.append(";branch=").append(branch);
}

/// The Via below ours as it leaves: the MAC of our branch covers it.
std::string stamped_top_via(const sip::Message& request, const Flow& from) {
    std::string stamped;
    if (const auto via = sip::first_value(request, sip::HeaderId::via))
        sip::append_stamped_via(stamped, *via, from.remote.address.to_string(), from.remote.port);
    return stamped;
}

} // namespace

bool records_route(sip::Method method) noexcept {
    return method == sip::Method::invite || method == sip::Method::subscribe ||
           method == sip::Method::refer || method == sip::Method::notify;
}

bool refreshes_target(sip::Method method) noexcept {
    return records_route(method) || method == sip::Method::update;
}

ForwardedRequest forward_request(const sip::Message& request, const RequestHop& hop, Tokens& tokens,
                                 const KeyRing& keys) {
    ForwardedRequest forwarded;
    sip::Edits edits(request);
    if (!hop.target.request_uri.empty())
        edits.set_request_uri(hop.target.request_uri);
    edits.decrement_max_forwards();
    edit_routes(hop, edits);
    if (records_route(request.method()))
        edit_record_routes(request, hop, edits, tokens);
    if (refreshes_target(request.method()))
        forwarded.contact_too_long =
            wrap_contacts(request, hop.in, hop.out, hop.decision.from_side, edits, tokens);
    if (hop.registering != nullptr) {
        for (const registration::PlannedContact& contact : hop.registering->contacts)
            edits.replace_uri(request.text(contact.value), contact.rewritten);
    }
    if (hop.decision.remove_identity)
        edits.remove_all(sip::HeaderId::p_asserted_identity);
    edits.stamp_top_via(hop.in_flow.remote.address.to_string(), hop.in_flow.remote.port);
    forwarded.branch =
        seal_branch(keys.front().branch_mac, hop.branch, stamped_top_via(request, hop.in_flow));
    edits.prepend(sip::HeaderId::via, via_value(hop, forwarded.branch));
    forwarded.bytes = edits.apply(is_reliable(hop.out.transport));
    return forwarded;
}

std::string forward_response(const sip::Message& response, const ResponseHop& hop, Tokens& tokens) {
    sip::Edits edits(response);
    edits.remove_first_values(sip::HeaderId::via, 1);
    const bool sets_target = refreshes_target(hop.method) && response.status() > 100 &&
                             response.status() < 300; // not in 3xx or 485: those name others (R16)
    if (sets_target)
        wrap_contacts(response, hop.out, hop.in, other(hop.decision.from_side), edits, tokens);
    for (const registration::RestoredContact& restored : hop.restored)
        edits.replace_uri(restored.value, restored.uri);
    if (!hop.from_trusted)
        edits.remove_all(sip::HeaderId::p_asserted_identity);
    if (hop.status != 0)
        edits.set_status(hop.status, sip::reason_phrase(hop.status));
    return edits.apply(is_reliable(hop.in.transport));
}

} // namespace roundabout::routing
